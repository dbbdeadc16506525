import type { Mutable, RawMessage } from '../source.ts';

/** Bytes from which on it is worth while to free memory of its own. */
const worthFreeing = 2 ** 16;

/** A message as it came; `oversize` as of `RawMessage`. */
export function fetchedMessage(
  uid: number,
  body: Buffer,
  flags: readonly string[],
  oversize: number | undefined,
): RawMessage {
  const message: Mutable<RawMessage> = { uid, raw: body, flags };
  // It tells about sessions, not about the message.
  if (flags.includes('\\Recent')) message.flags = flags.filter((flag) => flag !== '\\Recent');
  if (oversize !== undefined) message.oversize = oversize;
  // Large literals are put together in memory of their own, small ones lie beside others as they came.
  if (body.length >= worthFreeing && body.length === body.buffer.byteLength) message.ownsMemory = true;
  return message;
}
