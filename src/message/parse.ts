import { readHeaders } from './headers.ts';
import { InsightfulMessage } from './insights.ts';
import { defaultLimits, type ParseLimits } from './message.ts';
import { readTree } from './mime-tree.ts';
import { normaliseNewlines } from './newlines.ts';
import type { Message } from './normal-message.ts';
import { Defects } from './sanitize.ts';

export interface ParseOptions {
  readonly limits?: ParseLimits;
}

/**
 * Opens a message: any bytes give one, with `defects` that say what was repaired. Its structure is read at once, all else when
 * it is first asked for (`LazyMessage`); the bytes must stay as they are until then.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded.
 */
export function parseMessage(raw: Buffer, options: ParseOptions = {}): Message {
  const limits = options.limits ?? defaultLimits;
  const defects = new Defects();
  const bytes = normaliseNewlines(raw, defects);
  if (bytes.length === 0) defects.add('EMPTY', 'message');
  const { fields, bodyStart } = readHeaders(bytes, 0, bytes.length, limits.headerBytes, defects);
  if (fields.length === 0) defects.add('HEADER_MISSING', 'message');
  const tree = readTree(bytes, fields, bodyStart, limits, defects);
  return new InsightfulMessage({ bytes, fields, tree }, limits, defects);
}
