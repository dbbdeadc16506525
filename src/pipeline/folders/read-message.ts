import { type Document, type Field, type Sighting, sha256, toDocument } from '../../message/fields.ts';
import { headerIdHash } from '../../message/header-id.ts';
import { LazyMessage } from '../../message/lazy-message.ts';
import type { Message } from '../../message/normal-message.ts';
import { parseMessage } from '../../message/parse.ts';
import type { Listed, Mutable, RawMessage } from '../../sources/source.ts';
import { MailmillError } from '../../telemetry/errors.ts';
import { type Death, hashOfHeader, type Origin, type ReadMessage } from '../processed.ts';
import type { Drafter } from './drafter.ts';

/** mailparser works on the main thread and is slow: a larger message would stop everything else for seconds. */
const fallbackBytes = 8 * 2 ** 20;

export interface ReaderOptions {
  readonly origin: Origin;
  /** The fields of the message that a revision needs. */
  readonly fields: readonly Field[];
  /** Told why a message goes to mailparser: `structure`, or the field that could not be read. */
  readonly onFallback: (reason: string, error: unknown) => void;
  /** Default: our own parser. Throws MailmillError `MESSAGE_*` for what no parser should read. */
  readonly parse?: (raw: Buffer) => Message;
  /** `false`: what `parse` gives says nothing of the message, and no hash of its Message-ID is taken. */
  readonly headerIds?: false;
  /** Default: mailparser. */
  readonly fallback?: (raw: Buffer) => Promise<Message>;
}

const mailparser = async (raw: Buffer): Promise<Message> => {
  // Hardly any worker ever needs it.
  const { parseWithMailparser } = await import('../../message/mailparser.ts');
  return parseWithMailparser(raw);
};

/**
 * Makes documents of messages as they arrive, at once and completely: nothing of the parser's is kept or can fail later. No error of a
 * parser leaves it; what our own parser fails on is read by mailparser, and what both fail on is dead.
 */
export class MessageReader {
  readonly #options: ReaderOptions;
  readonly #parse: (raw: Buffer) => Message;
  readonly #fallback: (raw: Buffer) => Promise<Message>;
  /** Of the message that is being read; one for all spares an object each. */
  readonly #sighting: Mutable<Sighting>;
  /** Present: what messages of the open folder become is made of them at once. */
  drafter: Drafter | undefined;

  constructor(options: ReaderOptions) {
    this.#options = options;
    this.#parse = options.parse ?? parseMessage;
    this.#fallback = options.fallback ?? mailparser;
    this.#sighting = { ...options.origin, id: '', receivedAt: new Date(0), size: 0, rawSha256: '', flags: [] };
  }

  /** A promise only where mailparser is needed. Its document has no id yet. */
  read(fetched: RawMessage, listed: Listed): ReadMessage | Promise<ReadMessage> {
    const { uid, raw, flags, refused } = fetched;
    const read: Mutable<ReadMessage> = {
      uid,
      raw,
      headerOnly: false,
      size: raw.length,
      rawSha256: sha256(raw),
      headerIdHash: undefined,
      receivedAt: listed.receivedAt,
      flags,
      parsed: notYet,
    };
    if (fetched.memory) read.memory = fetched.memory;
    if (listed.objectId !== undefined) read.objectId = listed.objectId;
    if (refused) {
      read.headerIdHash = hashOfHeader(raw);
      read.parsed = { death: refused };
      return read;
    }
    let message: Message | undefined;
    let document: Document;
    try {
      message = this.#parse(raw);
      document = this.#document(message, read);
      if (this.#options.headerIds !== false) read.headerIdHash = hashOf(message);
    } catch (error) {
      if (error instanceof MailmillError && error.code.startsWith('MESSAGE_')) {
        read.headerIdHash = hashOfHeader(raw);
        read.parsed = { death: { code: error.code, detail: error.message } };
        return read;
      }
      this.#options.onFallback(this.#reason(message), error);
      return this.#readByFallback(read);
    }
    // What a sink throws here is no failure of the parser.
    const draft = this.drafter?.draft(read, document, this.#again);
    if (draft) read.minted = draft.minted;
    read.parsed = draft ? { draft } : { document };
    return read;
  }

  readonly #again = (read: ReadMessage): Document => this.#document(this.#parse(read.raw), read);

  #document(message: Message, read: ReadMessage): Document {
    const sighting = this.#sighting;
    sighting.receivedAt = read.receivedAt;
    sighting.size = read.size;
    sighting.rawSha256 = read.rawSha256;
    sighting.flags = read.flags;
    return toDocument(message, sighting, this.#options.fields);
  }

  async #readByFallback(read: Mutable<ReadMessage>): Promise<ReadMessage> {
    read.headerIdHash = hashOfHeader(read.raw);
    try {
      if (read.size > fallbackBytes) read.parsed = { death: unparsable('the parser failed on a large message') };
      else {
        const message = await this.#fallback(read.raw);
        read.parsed = { document: this.#document(message, read) };
        read.headerIdHash ??= hashOf(message);
      }
    } catch (error) {
      const name = error instanceof Error ? error.name : 'unknown';
      read.parsed = { death: unparsable(`the parser failed, and mailparser as well (${name})`) };
    }
    return read;
  }

  /** The first field that cannot be read. */
  #reason(message: Message | undefined): string {
    if (!message) return 'structure';
    const fails = ({ value }: Field) => {
      try {
        value(message, this.#sighting);
        return false;
      } catch {
        return true; // what it is was told already
      }
    };
    return this.#options.fields.find(fails)?.name ?? 'structure';
  }
}

/** Of what is found already: no field is decoded that nobody asked for. */
const hashOf = (message: Message): string =>
  headerIdHash(message instanceof LazyMessage ? message.messageIdAlone : message.messageId);

const unparsable = (what: string): Death => ({
  code: 'MESSAGE_UNPARSABLE',
  detail: `${what}; please report this message`,
});

/** Stands until a message is read; what nobody has read is never recorded as delivered. */
const notYet = { death: unparsable('it was not read') };
