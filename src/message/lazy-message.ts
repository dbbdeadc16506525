import { type Bodies, readBodies } from './bodies.ts';
import { Defects } from './defects.ts';
import {
  type Envelope,
  isPlainHeader,
  isReadableHeader,
  readEnvelope,
  readHeaderMap,
  readMessageId,
} from './envelope.ts';
import { firstField } from './headers.ts';
import type { Address, Attachment, Defect, ParsedMessage, ParseLimits, Protection } from './message.ts';
import type { Structure } from './structure.ts';

/**
 * A message whose structure is read and nothing else: the envelope, the map of headers, the bodies and the attachments are each decoded
 * when something of them is first asked for, and kept. `defects` decodes all of them, so that it is the same whatever was asked before.
 */
export class LazyMessage implements ParsedMessage {
  protected readonly structure: Structure;
  readonly #limits: ParseLimits;
  readonly #structural: Defects;
  readonly #inHeader = new Defects();
  readonly #inMap = new Defects();
  readonly #inBodies = new Defects();
  #header: Buffer | undefined;
  #plain: boolean | undefined;
  #envelope: Envelope | undefined;
  #headers: ReadonlyMap<string, readonly string[]> | undefined;
  #bodies: Bodies | undefined;
  #attachments: readonly Attachment[] | undefined;

  /** @param defects what was repaired in the structure. */
  constructor(structure: Structure, limits: ParseLimits, defects: Defects) {
    this.structure = structure;
    this.#limits = limits;
    this.#structural = defects;
  }

  #headerBytes(): Buffer {
    const { bytes, tree } = this.structure;
    this.#header ??= bytes.subarray(tree.header, tree.start);
    return this.#header;
  }

  #isPlain(): boolean {
    this.#plain ??= isPlainHeader(this.#headerBytes());
    return this.#plain;
  }

  #readHeaders(): ReadonlyMap<string, readonly string[]> {
    const isPlain = this.#isPlain();
    const asIs = isPlain && isReadableHeader(this.#headerBytes());
    return readHeaderMap(this.structure.fields, isPlain, asIs, this.#inMap);
  }

  #readEnvelope(): Envelope {
    this.#envelope ??= readEnvelope(this.structure.fields, this.#isPlain(), this.#inHeader);
    return this.#envelope;
  }

  #readBodies(): Bodies {
    this.#bodies ??= readBodies(this.structure.bytes, this.structure.tree, this.#limits, this.#inBodies);
    return this.#bodies;
  }

  get messageId(): string {
    return this.#readEnvelope().messageId;
  }

  /** `messageId`, without the rest of the envelope unless that was read. */
  get messageIdAlone(): string {
    if (this.#envelope) return this.#envelope.messageId;
    return readMessageId(firstField(this.structure.fields, 'message-id'), this.#isPlain(), new Defects());
  }

  get inReplyTo(): readonly string[] {
    return this.#readEnvelope().inReplyTo;
  }

  get references(): readonly string[] {
    return this.#readEnvelope().references;
  }

  get subject(): string {
    return this.#readEnvelope().subject;
  }

  get from(): Address | null {
    return this.#readEnvelope().from;
  }

  get sender(): Address | null {
    return this.#readEnvelope().sender;
  }

  get replyTo(): readonly Address[] {
    return this.#readEnvelope().replyTo;
  }

  get to(): readonly Address[] {
    return this.#readEnvelope().to;
  }

  get cc(): readonly Address[] {
    return this.#readEnvelope().cc;
  }

  get bcc(): readonly Address[] {
    return this.#readEnvelope().bcc;
  }

  get date(): Date | null {
    return this.#readEnvelope().date;
  }

  get headers(): ReadonlyMap<string, readonly string[]> {
    this.#headers ??= this.#readHeaders();
    return this.#headers;
  }

  get text(): string {
    return this.#readBodies().text;
  }

  get html(): string {
    return this.#readBodies().html;
  }

  get attachments(): readonly Attachment[] {
    this.#attachments ??= this.#readBodies().attachments();
    return this.#attachments;
  }

  get protection(): Protection | null {
    return this.#readBodies().protection;
  }

  get messageClass(): string {
    return this.#readBodies().messageClass;
  }

  /** One entry a code: of the structure first, then of the header, then of the bodies. */
  get defects(): readonly Defect[] {
    this.#readEnvelope();
    this.headers;
    this.attachments;
    const all = new Defects();
    for (const part of [this.#structural, this.#inHeader, this.#inMap, this.#inBodies]) all.addAll(part);
    return all.list();
  }
}
