import { type AuthenticationReport, reportsIn } from '../authentication-reports.ts';
import type { ParsedMessage } from '../message.ts';
import type { Structure } from '../structure.ts';
import { cleanReport } from './clean-report.ts';
import { maybeReport } from './maybe-report.ts';
import { type MailReport, readMailReport } from './read-report.ts';
import { sourceOf } from './report-source.ts';

interface Placed {
  /** Where in the message the report stands, as IMAP counts parts: `1.2`. */
  readonly section: string;
}

/** A part that is meant to be a report, by its name, type or subject, and cannot be read. */
export interface UnreadableReport extends Placed {
  /** A part that is meant to be a report, and cannot be read. */
  readonly kind: 'unreadable';
  /** Begins with `REPORT_`. */
  readonly code: string;
  /** Why, and what to do. */
  readonly problem: string;
}

/** One report in a message. */
export type OneReport = MailReport | (AuthenticationReport & Placed) | UnreadableReport;

/** What a message reports; the others where it holds several, as a ZIP with two DMARC reports does. */
export type Report = OneReport & {
  /** The other reports of the message. */
  readonly others?: readonly OneReport[];
};

/**
 * What an opened message reports about other mail; null for ordinary mail, which its header and structure tell within a microsecond.
 * DMARC and TLS reports come first, as they say more than what carries them.
 */
export function reportOf(message: ParsedMessage, structure: Structure): Report | null {
  return maybeReport(message, structure) ? anyReport(structure) : null;
}

/** What an opened message reports, whatever it looks like. */
export function anyReport(structure: Structure): Report | null {
  const { reports, refused } = reportsIn(structure);
  const found: OneReport[] = reports.map(({ section, report }) => ({
    // The others are clean as they are read, and may be large.
    ...(report.kind === 'dmarcFailure' ? cleanReport(report) : report),
    section,
  }));
  for (const { section, code, reason } of refused) found.push({ kind: 'unreadable', section, code, problem: reason });
  if (reports.length === 0) {
    const mail = readMailReport(sourceOf(structure));
    if (mail !== null) found.unshift(cleanReport(mail));
  }
  const [first, ...others] = found;
  if (first === undefined) return null;
  return others.length === 0 ? first : { ...first, others };
}
