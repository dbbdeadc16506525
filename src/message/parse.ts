import { Defects } from './defects.ts';
import { InsightfulMessage } from './insights.ts';
import { defaultLimits, type ParseLimits } from './message.ts';
import type { Message } from './normal-message.ts';
import { openStructure } from './structure.ts';

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
  const structure = openStructure(raw, limits, 0, raw.length, defects);
  if (structure.bytes.length === 0) defects.add('EMPTY', 'message');
  if (structure.fields.length === 0) defects.add('HEADER_MISSING', 'message');
  return new InsightfulMessage(structure, limits, defects);
}
