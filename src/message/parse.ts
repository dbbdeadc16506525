import { readEnvelope } from './envelope.ts';
import { readHeaders } from './headers.ts';
import { readBodiesWithMailparser } from './mailparser.ts';
import type { Message, ParseLimits } from './message.ts';
import { normaliseNewlines } from './newlines.ts';
import { Defects } from './sanitize.ts';

/** 1 MiB of header (each block), 1,000 parts, 100 levels. */
export const defaultLimits: ParseLimits = { headerBytes: 1_048_576, parts: 1_000, depth: 100 };

export interface ParseOptions {
  readonly limits?: ParseLimits;
}

/**
 * Parses raw bytes into a message; any bytes give one, with `defects` that say what was repaired. Synchronous unless the
 * fallback parser is needed.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded (thrown or rejected).
 */
export function parseMessage(raw: Buffer, options: ParseOptions = {}): Message | Promise<Message> {
  const limits = options.limits ?? defaultLimits;
  const defects = new Defects();
  const bytes = normaliseNewlines(raw, defects);
  if (bytes.length === 0) defects.add('EMPTY', 'message');
  const header = readHeaders(bytes, 0, bytes.length, limits.headerBytes, defects);
  const envelope = readEnvelope(header.fields, defects);
  if (header.fields.length === 0) defects.add('HEADER_MISSING', 'message');
  return readBodiesWithMailparser(bytes, defects).then((bodies) => ({
    ...envelope,
    ...bodies,
    defects: defects.list(),
  }));
}
