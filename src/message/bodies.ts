import { createHash } from 'node:crypto';
import { decodeBase64Pieces } from './base64.ts';
import { decodeCharset, needsFallback } from './charsets.ts';
import { readEnvelope } from './envelope.ts';
import { sha256 } from './fields.ts';
import { firstField, readHeaders } from './headers.ts';
import { htmlToText } from './html-to-text.ts';
import type { Attachment, Message } from './message.ts';
import type { Leaf, Part } from './mime-tree.ts';
import { type Parameterised, parseParameters } from './parameters.ts';
import { clean, cut, Defects, maxAttachmentNameLength } from './sanitize.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** What stands in a message's body. */
export type Bodies = Pick<Message, 'text' | 'html' | 'attachments'>;

/** Reads text in a charset that we cannot. */
export type DecodeElsewhere = (bytes: Buffer, charset: string) => Promise<string>;

interface Found {
  text: Leaf | null;
  html: Leaf | null;
  readonly attachments: Attachment[];
}

/** Header bytes of a nested message that are looked at for its subject. */
const nestedHeader = 65_536;
/** Encoded bytes from which on an attachment is decoded in pieces. */
const largeAttachment = 131_072;
const noDisposition: Parameterised = { value: '', parameters: new Map() };

function dispositionOf(leaf: Leaf, defects: Defects): Parameterised {
  const value = firstField(leaf.fields, 'content-disposition');
  return value === '' ? noDisposition : parseParameters(value, 'content-disposition', defects);
}

const encodingOf = (leaf: Leaf): string => {
  const value = firstField(leaf.fields, 'content-transfer-encoding');
  return /^[^\s;(]*/.exec(value)?.[0].toLowerCase() ?? '';
};

/** Decoded bytes of a leaf. */
export const contentOf = (raw: Buffer, leaf: Leaf, defects: Defects): Buffer =>
  decodeTransfer(raw.subarray(leaf.start, leaf.end), encodingOf(leaf), defects);

/** Reads the leaves of one message into bodies and attachments (RFC 8621 §4.1.4 decides which is which). */
class BodyReader {
  readonly #raw: Buffer;
  readonly #defects: Defects;
  readonly found: Found = { text: null, html: null, attachments: [] };

  constructor(raw: Buffer, defects: Defects) {
    this.#raw = raw;
    this.#defects = defects;
  }

  /** @param subtype of the multipart that `part` stands in. */
  visit(part: Part, subtype: string, index: number, inRelated: boolean): void {
    if (part.kind === 'multipart') {
      const related = inRelated || part.subtype === 'related';
      part.parts.forEach((child, i) => {
        this.visit(child, part.subtype, i, related);
      });
      return;
    }
    const disposition = dispositionOf(part, this.#defects);
    const filename = disposition.parameters.get('filename') ?? part.parameters.get('name') ?? '';
    const isText = part.type === 'text/plain' || part.type === 'text/html';
    const standsAsBody = index === 0 || subtype === 'alternative' || (subtype !== 'related' && filename === '');
    if (isText && disposition.value !== 'attachment' && standsAsBody) this.#body(part);
    else this.#attachment(part, disposition, filename, inRelated);
  }

  #body(leaf: Leaf): void {
    const kind = leaf.type === 'text/html' ? 'html' : 'text';
    if (this.found[kind] === null) this.found[kind] = leaf;
    else if (leaf.end > leaf.start) this.#defects.add('BODY_PART_LEFT_OUT', kind);
  }

  #attachment(leaf: Leaf, disposition: Parameterised, filename: string, inRelated: boolean): void {
    const contentId = firstField(leaf.fields, 'content-id');
    const cid = (/^[^<]*<([^>]*)>/.exec(contentId)?.[1] ?? contentId).trim();
    const nameless = filename === '' && leaf.type === 'message/rfc822';
    const name = nameless ? subjectOf(contentOf(this.#raw, leaf, this.#defects)) : filename;
    this.found.attachments.push({
      filename: this.#name(name),
      contentType: this.#name(leaf.type),
      ...this.#digest(leaf),
      contentId: this.#name(cid),
      inline: disposition.value === 'inline' || (disposition.value === '' && inRelated && cid !== ''),
    });
  }

  #digest(leaf: Leaf): Pick<Attachment, 'size' | 'sha256'> {
    if (leaf.end - leaf.start < largeAttachment || encodingOf(leaf) !== 'base64') {
      const content = contentOf(this.#raw, leaf, this.#defects);
      return { size: content.length, sha256: sha256(content) };
    }
    const digest = createHash('sha256');
    let size = 0;
    decodeBase64Pieces(this.#raw.subarray(leaf.start, leaf.end), this.#defects, (piece) => {
      size += piece.length;
      digest.update(piece);
    });
    return { size, sha256: digest.digest('hex') };
  }

  #name(text: string): string {
    const name = clean(text, 'attachment', this.#defects);
    return cut(name, maxAttachmentNameLength, 'NAME_CUT', 'attachment', this.#defects);
  }

  /** A body as text, a promise of it when its charset is read elsewhere. */
  decode(leaf: Leaf | null, where: string, elsewhere: DecodeElsewhere): string | Promise<string> {
    if (leaf === null) return '';
    const bytes = contentOf(this.#raw, leaf, this.#defects);
    const charset = leaf.parameters.get('charset') ?? '';
    if (needsFallback(charset)) return elsewhere(bytes, charset).then((text) => this.#normal(text, where));
    return this.#normal(decodeCharset(bytes, charset, where, this.#defects), where);
  }

  #normal(text: string, where: string): string {
    return clean(withLf(text), where, this.#defects);
  }
}

/** CRLF as LF; `split` and `join` are five times as fast here as `replaceAll`. */
const withLf = (text: string): string => (text.includes('\r') ? text.split('\r\n').join('\n') : text);

/** Subject of a nested message. */
function subjectOf(content: Buffer): string {
  const unused = new Defects();
  const header = readHeaders(content, 0, Math.min(content.length, nestedHeader), nestedHeader * 8, unused);
  const subject = header.fields.filter((field) => field.name === 'subject').slice(0, 1);
  return readEnvelope(subject, false, unused).subject;
}

/**
 * Text, HTML and attachments of a message. Attachments keep their hash, not their content; a second text or HTML body is
 * left out (`BODY_PART_LEFT_OUT`). A promise when a body is read by `elsewhere`.
 */
export function readBodies(
  raw: Buffer,
  tree: Part,
  defects: Defects,
  elsewhere: DecodeElsewhere,
): Bodies | Promise<Bodies> {
  const reader = new BodyReader(raw, defects);
  reader.visit(tree, '', 0, false);
  const { attachments } = reader.found;
  const text = reader.decode(reader.found.text, 'text', elsewhere);
  const html = reader.decode(reader.found.html, 'html', elsewhere);
  const finish = (plain: string, markup: string): Bodies => ({
    text: reader.found.text === null && markup !== '' ? clean(htmlToText(markup), 'text', defects) : plain,
    html: markup,
    attachments,
  });
  if (typeof text === 'string' && typeof html === 'string') return finish(text, html);
  return Promise.all([text, html]).then(([plain, markup]) => finish(plain, markup));
}
