import { isAscii } from 'node:buffer';
import { parseAddresses } from './addresses.ts';
import { parseDate } from './dates.ts';
import { decodeRawHeader, decodeWords } from './encoded-words.ts';
import type { HeaderField } from './headers.ts';
import type { Address, Message } from './message.ts';
import { clean, cut, type Defects, maxIdLength, maxValueLength } from './sanitize.ts';

/** What a message's own header says. */
export type Envelope = Omit<Message, 'text' | 'html' | 'attachments' | 'protection' | 'messageClass' | 'defects'>;

const cutId = (id: string, name: string, defects: Defects): string =>
  cut(id, maxIdLength, 'HEADER_VALUE_CUT', name, defects);

/** The ids of a References-like value: what stands in angle brackets, or its words when nothing does. */
function ids(value: string, name: string, defects: Defects): readonly string[] {
  if (value === '') return [];
  const result: string[] = [];
  let open = value.indexOf('<');
  while (open !== -1) {
    const close = value.indexOf('>', open);
    if (close === -1) break;
    const id = cutId(value.slice(open + 1, close), name, defects);
    if (id !== '') result.push(/\s/.test(id) ? id.replace(/\s+/g, '') : id);
    open = value.indexOf('<', close);
  }
  if (result.length > 0) return result;
  const words = value.split(/[\s,<>]+/).filter((word) => word !== '');
  return words.map((word) => cutId(word, name, defects));
}

/** A Message-ID without its brackets; only the id when comments stand around it. */
function messageId(value: string): string {
  const open = value.indexOf('<');
  const close = open === -1 ? -1 : value.indexOf('>', open);
  if (close !== -1) return value.slice(open + 1, close).trim();
  return value.replace(/^<|>$/g, '').trim();
}

/** Whether a header holds nothing but ASCII without U+0000, as most do: its values need no look at each character. */
export const isPlainHeader = (bytes: Buffer): boolean => isAscii(bytes) && !bytes.includes(0);

/** One field as text: 8-bit bytes and encoded words decoded, cleaned and cut. */
function decoded(raw: string, name: string, defects: Defects): string {
  const text = decodeWords(raw, name, defects);
  return cut(clean(text, name, defects), maxValueLength, 'HEADER_VALUE_CUT', name, defects);
}

/** What is made of a field beside its place in the map: all its mailboxes are taken, or the first field counts. */
const uses = new Map<string, 'list' | 'first'>();
for (const name of ['to', 'cc', 'bcc', 'reply-to']) uses.set(name, 'list');
for (const name of ['from', 'sender', 'date', 'subject', 'message-id', 'in-reply-to', 'references'])
  uses.set(name, 'first');

interface Raw {
  /** Text with its encoded words as they stand. */
  readonly text: string;
  readonly decoded: string;
}

/**
 * The envelope of a header. Of several fields that may stand once, the first counts (`HEADER_REPEATED` for From and Date);
 * of several To, Cc or Reply-To, all.
 *
 * @param plain what `isPlainHeader` says of the fields' bytes.
 */
export function readEnvelope(fields: readonly HeaderField[], plain: boolean, defects: Defects): Envelope {
  const headers = new Map<string, string[]>();
  const firsts = new Map<string, Raw>();
  const lists = new Map<string, Address[]>();
  for (const { name, value } of fields) {
    const text = plain ? value : decodeRawHeader(value, 'header', defects);
    const asIs = plain && value.length <= maxValueLength && !value.includes('=?');
    const readable = asIs ? value : decoded(text, 'header', defects);
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [readable]);
    else values.push(readable);
    const use = uses.get(name);
    if (use === 'list') {
      const list = lists.get(name) ?? [];
      lists.set(name, list);
      for (const address of parseAddresses(text, name, defects)) list.push(address);
    } else if (use === 'first') {
      if (!firsts.has(name)) firsts.set(name, { text, decoded: readable });
      else if (name === 'from' || name === 'date') defects.add('HEADER_REPEATED', name);
    }
  }
  const first = (name: string): string => firsts.get(name)?.decoded ?? '';
  const mailbox = (name: string): Address | null =>
    parseAddresses(firsts.get(name)?.text ?? '', name, defects)[0] ?? null;
  const dateText = first('date');
  const date = dateText === '' ? null : parseDate(dateText, defects);
  if (date === null && firsts.has('date')) defects.add('DATE_UNREADABLE', 'date');
  return {
    messageId: cutId(messageId(first('message-id')), 'message-id', defects),
    inReplyTo: ids(first('in-reply-to'), 'in-reply-to', defects),
    references: ids(first('references'), 'references', defects),
    subject: first('subject'),
    from: mailbox('from'),
    sender: mailbox('sender'),
    replyTo: lists.get('reply-to') ?? [],
    to: lists.get('to') ?? [],
    cc: lists.get('cc') ?? [],
    bcc: lists.get('bcc') ?? [],
    date,
    headers,
  };
}
