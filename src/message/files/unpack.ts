import { stalled } from '../../telemetry/errors.ts';
import type { FileBudget } from './budget.ts';
import { gunzip, gunzipStart, isGzip } from './gzip.ts';
import { isZip, readEntry, zipEntries, zipStart } from './zip.ts';

/** How often packed files are packed again: `report.xml.gz` in a ZIP archive occurs. */
const maxNesting = 2;

/** What archivers of Apple add to every file, and other files that hold no report. */
const isAside = (name: string): boolean => name.startsWith('__MACOSX/') || /(^|\/)\.[^/]*$/.test(name);

/**
 * The files that packed bytes hold, by what they are (gzip, ZIP) and not by their name; bytes that are neither are their
 * own only file.
 *
 * @throws MailmillError `REPORT_ARCHIVE_BROKEN`, `REPORT_ARCHIVE_UNSUPPORTED`, `REPORT_TOO_LARGE`
 */
export function unpack(bytes: Buffer, budget: FileBudget, nesting = maxNesting): readonly Buffer[] {
  const gzip = isGzip(bytes);
  if (!gzip && !isZip(bytes)) return [bytes];
  if (nesting === 0)
    throw stalled('REPORT_ARCHIVE_UNSUPPORTED', 'the report is packed more than twice; it is not read');
  if (gzip) return unpack(gunzip(bytes, budget), budget, nesting - 1);
  const entries = zipEntries(bytes).filter((entry) => !isAside(entry.name));
  return entries.flatMap((entry) => unpack(readEntry(bytes, entry, budget), budget, nesting - 1));
}

export const isPacked = (bytes: Buffer): boolean => isGzip(bytes) || isZip(bytes);

/** What the beginning of a file unpacks to, at a bounded cost; empty when it cannot be unpacked. */
export function peek(start: Buffer, nesting = maxNesting): Buffer {
  const packed = isGzip(start) ? gunzipStart : isZip(start) ? zipStart : null;
  if (packed === null) return start.subarray(0, 4_096);
  return nesting === 0 ? Buffer.alloc(0) : peek(packed(start), nesting - 1);
}
