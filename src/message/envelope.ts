import { parseAddresses } from './addresses.ts';
import { parseDate } from './dates.ts';
import { decodeRawHeader, decodeWords } from './encoded-words.ts';
import type { HeaderField } from './headers.ts';
import type { Address, Message } from './message.ts';
import { clean, cut, type Defects, maxValueLength } from './sanitize.ts';

/** What a message's own header says. */
export type Envelope = Omit<Message, 'text' | 'html' | 'attachments' | 'defects'>;

/** The ids of a References-like value: what stands in angle brackets, or its words when nothing does. */
function ids(value: string): readonly string[] {
  const result: string[] = [];
  let open = value.indexOf('<');
  while (open !== -1) {
    const close = value.indexOf('>', open);
    if (close === -1) break;
    const id = value.slice(open + 1, close).replace(/\s+/g, '');
    if (id !== '') result.push(id);
    open = value.indexOf('<', close);
  }
  if (result.length > 0) return result;
  return value.split(/[\s,<>]+/).filter((word) => word !== '');
}

/** A Message-ID without its brackets; only the id when comments stand around it. */
function messageId(value: string): string {
  const open = value.indexOf('<');
  const close = open === -1 ? -1 : value.indexOf('>', open);
  if (close !== -1) return value.slice(open + 1, close).trim();
  return value.replace(/^<|>$/g, '').trim();
}

/** One field as text: 8-bit bytes and encoded words decoded, cleaned and cut. */
function decoded(raw: string, name: string, defects: Defects): string {
  const text = decodeWords(raw, name, defects);
  return cut(clean(text, name, defects), maxValueLength, 'HEADER_VALUE_CUT', name, defects);
}

interface Raw {
  /** Text with its encoded words as they stand. */
  readonly text: string;
  readonly decoded: string;
}

/**
 * The envelope of a header. Of several fields that may stand once, the first counts (`HEADER_REPEATED` for From and Date);
 * of several To, Cc or Reply-To, all.
 */
export function readEnvelope(fields: readonly HeaderField[], defects: Defects): Envelope {
  const headers = new Map<string, string[]>();
  const firsts = new Map<string, Raw>();
  const lists = new Map<string, Address[]>();
  for (const { name, value } of fields) {
    const text = decodeRawHeader(value, 'header', defects);
    const value2 = decoded(text, 'header', defects);
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value2]);
    else values.push(value2);
    switch (name) {
      case 'to':
      case 'cc':
      case 'bcc':
      case 'reply-to': {
        const list = lists.get(name) ?? [];
        lists.set(name, list);
        for (const address of parseAddresses(text, name, defects)) list.push(address);
        break;
      }
      case 'from':
      case 'sender':
      case 'date':
      case 'subject':
      case 'message-id':
      case 'in-reply-to':
      case 'references':
        if (!firsts.has(name)) firsts.set(name, { text, decoded: value2 });
        else if (name === 'from' || name === 'date') defects.add('HEADER_REPEATED', name);
        break;
    }
  }
  const first = (name: string): string => firsts.get(name)?.decoded ?? '';
  const mailbox = (name: string): Address | null =>
    parseAddresses(firsts.get(name)?.text ?? '', name, defects)[0] ?? null;
  const dateText = first('date');
  const date = dateText === '' ? null : parseDate(dateText, defects);
  if (date === null && firsts.has('date')) defects.add('DATE_UNREADABLE', 'date');
  return {
    messageId: messageId(first('message-id')),
    inReplyTo: ids(first('in-reply-to')),
    references: ids(first('references')),
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
