import zlib from 'node:zlib';
import { stalled } from '../../telemetry/errors.ts';
import type { FileBudget } from './budget.ts';

export const brokenArchive = (what: string) =>
  stalled('REPORT_ARCHIVE_BROKEN', `the packed report is damaged (${what}); ask its sender for another copy`);

export interface Inflated {
  readonly bytes: Buffer;
  /** Packed bytes that were used. */
  readonly used: number;
}

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : '');

/** Bytes that `inflateRawSync` has read, which the type of its answer does not tell. */
function isWithEngine(value: unknown): value is { readonly buffer: Buffer; readonly engine: { bytesWritten: number } } {
  return typeof value === 'object' && value !== null && 'buffer' in value && 'engine' in value;
}

/**
 * Inflates the deflate stream (RFC 1951) that `packed` begins with; what stands behind it is left.
 *
 * @throws MailmillError `REPORT_TOO_LARGE` beyond the budget, `REPORT_ARCHIVE_BROKEN` when the stream is none or ends early.
 */
export function inflate(packed: Buffer, budget: FileBudget): Inflated {
  let result: unknown;
  try {
    result = zlib.inflateRawSync(packed, { maxOutputLength: Math.max(1, budget.left), info: true });
  } catch (error) {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw budget.exceeded();
    if (codeOf(error).startsWith('Z_')) throw brokenArchive('no deflate stream, or only its beginning');
    throw error;
  }
  if (!isWithEngine(result)) throw new TypeError('inflateRawSync gave no engine');
  budget.spend(result.buffer.length);
  return { bytes: result.buffer, used: result.engine.bytesWritten };
}

/** The first bytes that come of a deflate stream, some thousands at most; empty when it is none. */
export function inflateStart(packed: Buffer): Buffer {
  try {
    return zlib.inflateRawSync(packed.subarray(0, 1_024), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
  } catch (error) {
    if (codeOf(error).startsWith('Z_')) return Buffer.alloc(0);
    throw error;
  }
}
