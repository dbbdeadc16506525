import { stalled } from '../../telemetry/errors.ts';
import { parseDate } from '../dates.ts';
import { Defects } from '../defects.ts';
import { epochDate, fromMidnight } from '../report-dates.ts';
import { clean } from '../sanitize.ts';
import { parseBoundedJson } from './bounded-json.ts';
import type { TlsDeviation, TlsFailure, TlsPolicyResult, TlsPolicyType, TlsReport } from './report.ts';

type Members = Readonly<Record<string, unknown>>;

const maxText = 4_096;
/** Most lines of a policy and most hosts. */
const maxLines = 100;
const unused = new Defects();
const policyTypes: readonly TlsPolicyType[] = ['tlsa', 'sts', 'no-policy-found'];

const incomplete = (what: string) =>
  stalled(
    'REPORT_INCOMPLETE',
    `this is no SMTP TLS report that can be read: ${what}; ask its sender for a correct one`,
  );

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const noMembers: Members = {};
const members = (value: unknown): Members => (isMembers(value) ? value : noMembers);

class Reader {
  readonly deviations = new Set<TlsDeviation>();

  text(from: Members, name: string, required = false): string | null {
    const value = from[name];
    const text = typeof value === 'string' ? this.#cut(value.trim()) : typeof value === 'number' ? String(value) : '';
    if (text === '' && required) this.deviations.add('VALUE_MISSING');
    return text || null;
  }

  #cut(text: string): string {
    const cleaned = clean(text, 'report', unused);
    if (cleaned.length <= maxText) return cleaned;
    this.deviations.add('VALUE_CUT');
    return cleaned.slice(0, maxText).toWellFormed();
  }

  /** A list; a single value counts as a list of it. */
  list(from: Members, name: string): readonly unknown[] {
    const value = from[name];
    if (Array.isArray(value)) return value;
    if (value === undefined || value === null || value === '') return [];
    this.deviations.add('LIST_EXPECTED');
    return [value];
  }

  lines(from: Members, name: string): readonly string[] {
    const all = this.list(from, name).filter((line) => typeof line === 'string');
    if (all.length > maxLines) this.deviations.add('VALUE_CUT');
    return all.slice(0, maxLines).map((line) => this.#cut(line));
  }

  /** A number of sessions, also as text; null when it is none. */
  count(from: Members, name: string): number | null {
    const value = from[name];
    const count = typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
    if (typeof count === 'number' && Number.isSafeInteger(count) && count >= 0) return count;
    this.deviations.add('COUNT_INVALID');
    return null;
  }

  instant(from: Members, name: string): Date | null {
    const text = this.text(from, name);
    if (text === null) return null;
    if (!/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text))
      this.deviations.add('DATE_UNUSUAL');
    if (/^\d+$/.test(text)) return epochDate(text);
    return parseDate(fromMidnight(text.toUpperCase()), unused);
  }
}

function readFailure(value: Members, reader: Reader): TlsFailure {
  return {
    resultType: reader.text(value, 'result-type', true)?.toLowerCase() ?? null,
    sendingMtaIp: reader.text(value, 'sending-mta-ip')?.toLowerCase() ?? null,
    receivingMxHostname: reader.text(value, 'receiving-mx-hostname')?.toLowerCase() ?? null,
    receivingMxHelo: reader.text(value, 'receiving-mx-helo'),
    receivingIp: reader.text(value, 'receiving-ip')?.toLowerCase() ?? null,
    failedSessions: reader.count(value, 'failed-session-count') ?? 0,
    // RFC 8460 §4.4 and its example have different names for it.
    additionalInformation: reader.text(value, 'additional-information') ?? reader.text(value, 'additional-info-uri'),
    reasonCode: reader.text(value, 'failure-reason-code'),
  };
}

function readPolicy(value: Members, reader: Reader): TlsPolicyResult | null {
  const policy = members(value.policy);
  const domain = reader.text(policy, 'policy-domain');
  if (domain === null) return null;
  const typeText = reader.text(policy, 'policy-type', true)?.toLowerCase();
  const type = policyTypes.find((each) => each === typeText) ?? null;
  if (typeText !== undefined && type === null) reader.deviations.add('VALUE_UNKNOWN');
  const failures = reader
    .list(value, 'failure-details')
    .filter(isMembers)
    .map((each) => readFailure(each, reader));
  const summary = members(value.summary);
  return {
    type,
    domain: domain.toLowerCase(),
    policy: reader.lines(policy, 'policy-string'),
    mxHosts: reader.lines(policy, 'mx-host'),
    successfulSessions: reader.count(summary, 'total-successful-session-count') ?? 0,
    failedSessions:
      reader.count(summary, 'total-failure-session-count') ??
      failures.reduce((sum, failure) => sum + failure.failedSessions, 0),
    failures,
  };
}

/**
 * Reads an SMTP TLS report (RFC 8460 §4) and what senders make of it, told in `deviations`.
 *
 * @throws MailmillError `REPORT_EMPTY`, `REPORT_JSON_INVALID`, `REPORT_INCOMPLETE`, `REPORT_TOO_LARGE`: why it is none.
 */
export function readTlsReport(bytes: Buffer): TlsReport {
  const { value: report, repaired } = parseBoundedJson(bytes);
  if (!isMembers(report)) throw incomplete('it is no object');
  const reader = new Reader();
  if (repaired) reader.deviations.add('JSON_REPAIRED');
  const reportId = reader.text(report, 'report-id')?.replace(/^<(.*)>$/, '$1');
  if (!reportId) throw incomplete('it has no report-id');
  const range = members(report['date-range']);
  const begin = reader.instant(range, 'start-datetime');
  const end = reader.instant(range, 'end-datetime');
  if (begin === null || end === null) throw incomplete('it does not say what period it is about');
  if (begin > end) reader.deviations.add('DATE_UNUSUAL');
  const stated = reader.list(report, 'policies');
  const policies: TlsPolicyResult[] = [];
  for (const each of stated) {
    const policy = readPolicy(members(each), reader);
    if (policy === null) reader.deviations.add('POLICY_INVALID');
    else policies.push(policy);
  }
  if (policies.length === 0) {
    if (stated.length > 0 || !Array.isArray(report.policies)) throw incomplete('it has no policy with a domain');
    reader.deviations.add('POLICIES_MISSING');
  }
  return {
    kind: 'tls',
    orgName: reader.text(report, 'organization-name', true),
    contact: reader.text(report, 'contact-info'),
    reportId,
    begin,
    end,
    policies,
    deviations: [...reader.deviations],
  };
}
