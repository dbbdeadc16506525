import { MailmillError, stalled } from '../telemetry/errors.ts';
import type { DmarcAggregateReport } from './dmarc/aggregate.ts';
import type { DmarcFailureReport } from './dmarc/failure.ts';
import { readAggregate } from './dmarc/read-aggregate.ts';
import { findFailureReport } from './dmarc/read-failure.ts';
import { type FileBudget, UnpackBudget } from './files/budget.ts';
import { isPacked, peek, unpack } from './files/unpack.ts';
import { firstField } from './headers.ts';
import { decodeLeaf, filenameOf, leavesOf, openStructure, type PlacedLeaf, type Structure } from './structure.ts';
import { readTlsReport } from './tls-report/read.ts';
import type { TlsReport } from './tls-report/report.ts';

/** What receivers report about the authentication and the transport of a domain's mail. */
export type AuthenticationReport = DmarcAggregateReport | DmarcFailureReport | TlsReport;

/** A report with the part of the message that it stands in, as IMAP counts: `1.2`. */
export interface FoundReport {
  readonly section: string;
  readonly report: AuthenticationReport;
}

/** A part that is meant to be a report and cannot be read. */
export interface RefusedReport {
  readonly section: string;
  /** Begins with `REPORT_`. */
  readonly code: string;
  readonly reason: string;
}

export interface FoundReports {
  readonly reports: readonly FoundReport[];
  readonly refused: readonly RefusedReport[];
}

/** Most parts of one message that are looked into; a report comes alone. */
const maxParts = 16;
/** Encoded bytes that are decoded to see what a part is. */
const peeked = 4_096;

type Kind = 'dmarc' | 'tls';

/** Parts that people read: these begin with the report, or only speak of one; pages may have elements of any name. */
const proseType = /^(?:text\/(?:plain|html)|message\/.*)$/;
const xmlStart = /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)*\s*<(?!!doctype\s+html|html[\s>])/i;

/** Which kind of report bytes begin like; null for everything else. */
function kindOf(start: Buffer, type = ''): Kind | null {
  // UTF-16 has zeros in between.
  const text = start.toString('latin1').replaceAll('\0', '');
  if (/^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?\s*\{/.test(text))
    return /"(?:organization-name|date-range|contact-info|report-id|policies)"\s*:/.test(text) ? 'tls' : null;
  if (proseType.test(type) && !xmlStart.test(text)) return null;
  return /<(?:[\w.-]{1,64}:)?feedback[\s>]/i.test(text) ? 'dmarc' : null;
}

/**
 * Reads a file that is a report: XML or JSON, bare, in gzip or ZIP, by what it is and not by its name. Of several files in an archive
 * those that look like reports count, if any does.
 *
 * @throws MailmillError with a code that begins with `REPORT_`: why it is none.
 */
export function readReportFile(
  bytes: Buffer,
  budget: FileBudget = new UnpackBudget().file(bytes.length),
): readonly (DmarcAggregateReport | TlsReport)[] {
  const files = unpack(bytes, budget);
  if (files.length === 0)
    throw stalled('REPORT_EMPTY', 'the packed report holds no file; ask its sender for another copy');
  const likely = files.length === 1 ? files : files.filter((file) => kindOf(file.subarray(0, peeked)) !== null);
  return (likely.length > 0 ? likely : files).map((file) =>
    beginsObject(file) ? readTlsReport(file) : readAggregate(file),
  );
}

/** Whether the first byte that is no blank is `{`. */
const beginsObject = (file: Buffer): boolean => {
  const start = file.toString('latin1', 0, 64).replace(/^\xef\xbb\xbf/, '');
  return start.trimStart().startsWith('{');
};

/** Names that RFC 7489 §7.2.1.1 and RFC 8460 §5.1 prescribe: receiver, domain, begin and end, with marks between. */
const reportName =
  /^[^!]*![^!]*!\d+!\d+(?:![^!]*)?\.(?:xml|json)(?:\.gz|\.gzip|\.zip)?$|^[^!]*![^!]*!\d+!\d+(?:![^!]*)?\.(?:zip|gz)$/i;
const reportType = /^application\/tlsrpt\+(?:gzip|json)$/;
/** Subjects that RFC 7489 §7.2.1.1 and RFC 8460 §5.3 prescribe. */
const reportSubject = /^\s*report\s+domain\s*:/i;

/** Whether the part's own sender says that it is a report. */
function isMeant(structure: Structure, { leaf }: PlacedLeaf, packed: boolean): boolean {
  if (reportType.test(leaf.type) || reportName.test(filenameOf(leaf).trim())) return true;
  const { fields } = structure;
  return (
    packed && (reportSubject.test(firstField(fields, 'subject')) || firstField(fields, 'tls-report-domain') !== '')
  );
}

/** Whether the leaf is to be read as a report, by its first bytes and, for packed ones, by what comes of these. */
function isCandidate(structure: Structure, placed: PlacedLeaf): boolean {
  const { leaf } = placed;
  const start = decodeLeaf(structure.bytes, leaf, peeked);
  const packed = isPacked(start);
  if (isMeant(structure, placed, packed)) return true;
  return (packed ? kindOf(peek(start)) : kindOf(start, leaf.type)) !== null;
}

const isRefusal = (error: unknown): error is MailmillError =>
  error instanceof MailmillError && error.code.startsWith('REPORT_');

/**
 * The DMARC and TLS reports of an opened message. Parts are found by what they hold; one that cannot be read is refused
 * with its reason when its name, type or subject says that it is a report, and no report otherwise.
 */
export function reportsIn(structure: Structure): FoundReports {
  const failure = findFailureReport(structure);
  if (failure !== null) return { reports: [failure], refused: [] };
  const reports: FoundReport[] = [];
  const refused: RefusedReport[] = [];
  const budget = new UnpackBudget();
  let tried = 0;
  for (const placed of leavesOf(structure.tree)) {
    if (tried >= maxParts) break;
    if (!isCandidate(structure, placed)) continue;
    tried++;
    const { section, leaf } = placed;
    try {
      const content = decodeLeaf(structure.bytes, leaf);
      for (const report of readReportFile(content, budget.file(content.length))) reports.push({ section, report });
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.push({ section, code: error.code, reason: error.message });
    }
  }
  return { reports, refused };
}

/**
 * The DMARC aggregate, DMARC failure and SMTP TLS reports in raw bytes of a message. Deterministic and bounded.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit of parsing is exceeded.
 */
export const findReports = (raw: Buffer): FoundReports => reportsIn(openStructure(raw));
