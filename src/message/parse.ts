import { readBodies } from './bodies.ts';
import { isPlainHeader, readEnvelope } from './envelope.ts';
import { readHeaders } from './headers.ts';
import { defaultLimits, type Message, type ParseLimits } from './message.ts';
import { readTree } from './mime-tree.ts';
import { normaliseNewlines } from './newlines.ts';
import { Defects } from './sanitize.ts';

export interface ParseOptions {
  readonly limits?: ParseLimits;
  /** Called when mailparser is needed, with the reason: what may become a metric's label. */
  readonly onFallback?: (reason: FallbackReason) => void;
}

/** Why our own parser declined something. */
export type FallbackReason = 'charset';

/**
 * Parses raw bytes into a message; any bytes give one, with `defects` that say what was repaired. Synchronous unless
 * mailparser is needed.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded (thrown or rejected).
 */
export function parseMessage(raw: Buffer, options: ParseOptions = {}): Message | Promise<Message> {
  const limits = options.limits ?? defaultLimits;
  const defects = new Defects();
  const bytes = normaliseNewlines(raw, defects);
  if (bytes.length === 0) defects.add('EMPTY', 'message');
  const header = readHeaders(bytes, 0, bytes.length, limits.headerBytes, defects);
  if (header.fields.length === 0) defects.add('HEADER_MISSING', 'message');
  const envelope = readEnvelope(header.fields, isPlainHeader(bytes.subarray(0, header.bodyStart)), defects);
  const tree = readTree(bytes, header.fields, header.bodyStart, limits, defects);
  const bodies = readBodies(bytes, tree, limits, defects);
  return { ...envelope, ...bodies, defects: defects.list() };
}

export { defaultLimits };
