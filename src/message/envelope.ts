import { isAscii } from 'node:buffer';
import { parseAddresses } from './addresses.ts';
import { withoutComments } from './comments.ts';
import { parseDate } from './dates.ts';
import type { Defects } from './defects.ts';
import { decodeRawHeader, decodeWords } from './encoded-words.ts';
import type { HeaderField } from './headers.ts';
import type { Address, ParsedMessage } from './message.ts';
import { clean, cut, maxIdLength, maxValueLength } from './sanitize.ts';

/** What a message's own header says. */
export type Envelope = Pick<
  ParsedMessage,
  'messageId' | 'inReplyTo' | 'references' | 'subject' | 'from' | 'sender' | 'replyTo' | 'to' | 'cc' | 'bcc' | 'date'
>;

const cutId = (id: string, name: string, defects: Defects): string =>
  cut(id, maxIdLength, 'HEADER_VALUE_CUT', name, defects);

/** Whether nothing but graphic ASCII stands in `text`. */
function isWord(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

/**
 * An id as it was before it was folded, without comments between its words (RFC 5322 §4.5.4); all fields with ids read it so, or replies
 * would not find what they answer. Parentheses without a blank are the id's own: `x@host.(none)`.
 */
const withoutBlanks = (id: string): string => (isWord(id) ? id : id.replace(/\([^()]*\)|\s+/g, ''));

/** The ids of a References-like value: what stands in angle brackets, or its words when nothing does. */
function ids(value: string, name: string, defects: Defects): readonly string[] {
  if (value === '') return [];
  const result: string[] = [];
  let open = value.indexOf('<');
  while (open !== -1) {
    while (value[open + 1] === '<') open++;
    const close = value.indexOf('>', open);
    if (close === -1) break;
    const id = cutId(value.slice(open + 1, close), name, defects);
    if (id !== '') result.push(withoutBlanks(id));
    open = value.indexOf('<', close);
  }
  if (result.length > 0) return result;
  const words = value.split(/[\s,<>]+/).filter((word) => word !== '');
  return words.map((word) => cutId(word, name, defects));
}

/** A Message-ID without its brackets and blanks; only the id when comments stand around it. */
function messageId(text: string): string {
  const value = text.startsWith('(') ? withoutComments(text).trim() || text : text;
  let open = value.indexOf('<');
  const close = open === -1 ? -1 : value.indexOf('>', open);
  if (close === -1) return value.replace(/^<|>$/g, '').trim();
  while (value[open + 1] === '<') open++;
  return withoutBlanks(value.slice(open + 1, close));
}

/** Whether a header holds nothing but ASCII without U+0000, as most do: its values need no look at each character. */
export const isPlainHeader = (bytes: Buffer): boolean => isAscii(bytes) && !bytes.includes(0);

const encodedWordStart = Buffer.from('=?');

/** Whether the values of a plain header can be taken as they stand: no encoded word is in it, and none can be too long. */
export const isReadableHeader = (bytes: Buffer): boolean =>
  bytes.length <= maxValueLength && !bytes.includes(encodedWordStart);

/** One field as text: 8-bit bytes and encoded words decoded, cleaned and cut. */
function decoded(raw: string, name: string, defects: Defects): string {
  const text = decodeWords(raw, name, defects);
  return cut(clean(text, name, defects), maxValueLength, 'HEADER_VALUE_CUT', name, defects);
}

/** A field as text with its encoded words as they stand. */
const undecoded = (value: string, plain: boolean, defects: Defects): string =>
  plain ? value : decodeRawHeader(value, 'header', defects);

/** A field as a person reads it. */
function readable(value: string, plain: boolean, defects: Defects): string {
  if (plain && value.length <= maxValueLength && !value.includes('=?')) return value;
  return decoded(undecoded(value, plain, defects), 'header', defects);
}

/**
 * Every field of a header by its name.
 *
 * @param plain what `isPlainHeader` says of the fields' bytes.
 * @param asIs what `isReadableHeader` says of those of a plain header.
 */
export function readHeaderMap(
  fields: readonly HeaderField[],
  plain: boolean,
  asIs: boolean,
  defects: Defects,
): ReadonlyMap<string, readonly string[]> {
  const headers = new Map<string, string[]>();
  for (const { name, value } of fields) {
    const text = plain && asIs ? value : readable(value, plain, defects);
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [text]);
    else values.push(text);
  }
  return headers;
}

/**
 * The Message-ID that a field of this value gives an envelope.
 *
 * @param plain what `isPlainHeader` says of the fields' bytes.
 */
export const readMessageId = (value: string, plain: boolean, defects: Defects): string =>
  cutId(messageId(readable(value, plain, defects)), 'message-id', defects);

/** The first mailbox of a From field; one that is only a name does not hide the address behind it. */
const author = (all: readonly Address[]): Address | null =>
  (all[0]?.address === '' ? all.find((one) => one.address !== '') : undefined) ?? all[0] ?? null;

/** Fields of an envelope that may stand once, and those that are lists. */
const once = ['message-id', 'in-reply-to', 'references', 'subject', 'from', 'sender', 'date'];
const places = new Map([...once, 'reply-to', 'to', 'cc', 'bcc'].map((name, i) => [name, i]));

/**
 * The envelope of a header. Of several fields that may stand once, the first counts (`HEADER_REPEATED`);
 * of several To, Cc or Reply-To, all.
 *
 * @param plain what `isPlainHeader` says of the fields' bytes.
 */
export function readEnvelope(fields: readonly HeaderField[], plain: boolean, defects: Defects): Envelope {
  /** Of `once`, in its order. */
  const values: (string | undefined)[] = [undefined, undefined, undefined, undefined, undefined, undefined, undefined];
  /** Reply-To, To, Cc, Bcc. */
  const lists: [Address[], Address[], Address[], Address[]] = [[], [], [], []];
  const mailboxes = (value: string, name: string) => parseAddresses(undecoded(value, plain, defects), name, defects);
  for (const { name, value } of fields) {
    const place = places.get(name);
    if (place === undefined) continue;
    if (place >= once.length) for (const one of mailboxes(value, name)) lists[place - once.length]?.push(one);
    else if (values[place] === undefined) values[place] = value;
    else defects.add('HEADER_REPEATED', name);
  }
  const text = (value = ''): string => (value === '' ? '' : readable(value, plain, defects));
  const date = values[6];
  const instant = date === undefined || date === '' ? null : parseDate(text(date), defects);
  if (date !== undefined && instant === null) defects.add('DATE_UNREADABLE', 'date');
  return {
    messageId: readMessageId(values[0] ?? '', plain, defects),
    inReplyTo: ids(text(values[1]), 'in-reply-to', defects),
    references: ids(text(values[2]), 'references', defects),
    subject: text(values[3]),
    from: author(mailboxes(values[4] ?? '', 'from')),
    sender: mailboxes(values[5] ?? '', 'sender')[0] ?? null,
    replyTo: lists[0],
    to: lists[1],
    cc: lists[2],
    bcc: lists[3],
    date: instant,
  };
}
