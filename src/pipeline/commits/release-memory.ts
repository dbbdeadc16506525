import type { Row } from '../../sinks/sink.ts';
import type { ReadMessage } from '../processed.ts';

/**
 * These are committed for good, nobody looks at them again: gives their memory back. It lies outside of the heap, and V8 would collect everything to
 * get at it.
 */
export function releaseMemory(rows: readonly Row[], messages: readonly ReadMessage[]): void {
  for (const { encoded } of rows) if (encoded) for (const each of encoded) each.release();
  for (const { memory } of messages) memory?.release();
}
