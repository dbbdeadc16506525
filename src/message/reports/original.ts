import { parseAddresses } from '../addresses.ts';
import { Defects } from '../defects.ts';
import { firstField, type HeaderField, readHeaders } from '../headers.ts';
import { decodedText } from './decoded-text.ts';
import type { ReportSource } from './report-source.ts';

/** Header bytes of a returned message that are read. */
const maxHeader = 65_536;

/** What a report carries of the message that it is about. */
export interface OriginalMessage {
  /** Message-ID without angle brackets. */
  readonly messageId: string;
  /** Decoded subject. */
  readonly subject: string;
  /** Author's address. */
  readonly from: string;
  /** Addresses of To. */
  readonly to: readonly string[];
  /** Date header, as it stands. */
  readonly date: string;
  /** Its header, as far as it is returned. */
  readonly fields: readonly HeaderField[];
}

const carriers = new Set(['message/rfc822', 'message/global', 'text/rfc822-headers', 'message/global-headers']);

/** Addresses of a header value, as they stand. */
export const addressesOf = (value: string): readonly string[] =>
  value === '' ? [] : parseAddresses(value, 'report', new Defects()).map((one) => one.address);

function toOriginal(fields: readonly HeaderField[]): OriginalMessage {
  return {
    messageId: firstField(fields, 'message-id').replace(/^<|>$/g, '').trim(),
    subject: decodedText(firstField(fields, 'subject')),
    from: addressesOf(firstField(fields, 'from'))[0] ?? '',
    to: addressesOf(firstField(fields, 'to')),
    date: firstField(fields, 'date'),
    fields,
  };
}

const readFields = (bytes: Buffer): readonly HeaderField[] =>
  readHeaders(bytes, 0, Math.min(bytes.length, maxHeader), maxHeader * 2, new Defects()).fields;

/** The message that a report returns as a part of its own (RFC 3462 §2), or null. */
export function returnedMessage(source: ReportSource): OriginalMessage | null {
  for (const leaf of source.leaves) {
    if (!carriers.has(leaf.type)) continue;
    const fields = readFields(source.content(leaf));
    if (fields.length > 0) return toOriginal(fields);
  }
  return null;
}

/** The message whose header stands in a notice's text, or null. */
export function inlineMessage(text: string): OriginalMessage | null {
  const start = /\S/.exec(text)?.index ?? 0;
  const fields = readFields(Buffer.from(text.slice(start, start + maxHeader), 'utf8'));
  return fields.some((one) => one.name === 'from' || one.name === 'to' || one.name === 'received')
    ? toOriginal(fields)
    : null;
}
