import type { Mutable, RawMessage } from '../source.ts';
import type { FetchRow } from './fetch-row.ts';

/** A message as it came; undefined where the row has none. */
export function fetchedMessage({ uid, body, flags = [], oversize, memory }: FetchRow): RawMessage | undefined {
  if (body === undefined) return undefined;
  const message: Mutable<RawMessage> = { uid, raw: body, flags };
  // It tells about sessions, not about the message.
  if (flags.includes('\\Recent')) message.flags = flags.filter((flag) => flag !== '\\Recent');
  if (oversize !== undefined) message.oversize = oversize;
  if (memory) message.memory = memory;
  return message;
}
