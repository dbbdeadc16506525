import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type AuthenticationReport, findReports, readReportFile } from '../../src/message/authentication-reports.ts';
import type { DmarcAggregateReport } from '../../src/message/dmarc/aggregate.ts';
import type { DmarcFailureReport } from '../../src/message/dmarc/failure.ts';
import { UnpackBudget } from '../../src/message/files/budget.ts';
import { unpack } from '../../src/message/files/unpack.ts';
import type { TlsReport } from '../../src/message/tls-report/report.ts';

/** A value that differs; the first of a case is enough to fail it. */
export interface Difference {
  readonly file: string;
  readonly field: string;
  readonly expected: unknown;
  readonly got: unknown;
}

type Values = Readonly<Record<string, unknown>>;

interface Expected {
  readonly type: 'aggregate' | 'failure' | 'smtp_tls' | 'extract' | 'invalid';
  readonly mustParse?: boolean;
  readonly fields: Values;
}

const seconds = (date: Date): number => date.getTime() / 1_000;

function aggregateValues(report: DmarcAggregateReport): Values {
  const first = report.records[0];
  const { discoveryMethod, ...policy } = report.policy;
  return {
    orgName: report.orgName,
    orgEmail: report.orgEmail,
    reportId: report.reportId,
    domain: report.policy.domain,
    begin: seconds(report.begin),
    end: seconds(report.end),
    records: report.records.length,
    messages: report.records.reduce((sum, record) => sum + record.count, 0),
    firstSourceIp: first?.sourceIp,
    namespace: report.namespace,
    policy: { ...policy, discovery_method: discoveryMethod },
    first: first?.evaluated,
  };
}

const failureValues = (report: DmarcFailureReport): Values => ({
  ...report,
  originalRcptTo: report.originalRcptTo.join(', '),
  arrivalDateUtc: report.arrivalDate,
});

const tlsValues = (report: TlsReport): Values => ({
  orgName: report.orgName,
  reportId: report.reportId,
  begin: report.begin,
  end: report.end,
  policies: report.policies.length,
  firstPolicyDomain: report.policies[0]?.domain,
  successful: report.policies.reduce((sum, policy) => sum + policy.successfulSessions, 0),
  failed: report.policies.reduce((sum, policy) => sum + policy.failedSessions, 0),
});

function valuesOf(report: AuthenticationReport): Values {
  if (report.kind === 'dmarcAggregate') return aggregateValues(report);
  return report.kind === 'tls' ? tlsValues(report) : failureValues(report);
}

const kinds = { aggregate: 'dmarcAggregate', failure: 'dmarcFailure', smtp_tls: 'tls' } as const;

const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** Whether a value is the expected one, members that are not expected left out; an instant may be written as text. */
function same(expected: unknown, got: unknown): boolean {
  if (got instanceof Date) return typeof expected === 'string' && new Date(expected).getTime() === got.getTime();
  if (isValues(expected))
    return isValues(got) && Object.entries(expected).every(([name, value]) => same(value, got[name]));
  return JSON.stringify(expected) === JSON.stringify(got ?? null);
}

/** What stands in a file: a message, or a report by itself. */
function read(file: string, bytes: Buffer): readonly AuthenticationReport[] {
  if (!file.endsWith('.eml')) return readReportFile(bytes);
  const { reports, refused } = findReports(bytes);
  if (reports.length === 0) throw new Error(refused.map(({ code }) => code).join(' ') || 'no report');
  return reports.map(({ report }) => report);
}

function compare(file: string, bytes: Buffer, { type, fields, mustParse }: Expected): Difference | null {
  const differs = (field: string, expected: unknown, got: unknown): Difference => ({ file, field, expected, got });
  if (type === 'extract') {
    const [content] = unpack(bytes, new UnpackBudget().file(bytes.length));
    const got = createHash('sha256')
      .update(content ?? '')
      .digest('hex');
    return got === fields.unpackedSha256 ? null : differs('unpackedSha256', fields.unpackedSha256, got);
  }
  let reports: readonly AuthenticationReport[];
  try {
    reports = read(file, bytes);
  } catch (error) {
    if (type === 'invalid' || mustParse === false) return null;
    return differs('mustParse', true, error instanceof Error ? error.message : String(error));
  }
  if (type === 'invalid') return differs('mustParse', false, true);
  const report = reports[0];
  if (reports.length !== 1 || report?.kind !== kinds[type])
    return differs(
      'type',
      [kinds[type]],
      reports.map(({ kind }) => kind),
    );
  const values = valuesOf(report);
  for (const [field, expected] of Object.entries(fields))
    if (!same(expected, values[field])) return differs(field, expected, values[field] ?? null);
  return null;
}

/**
 * Compares the reports of a folder in the layout of shared/data with what was recorded of them; a case is a file with all
 * its fields.
 *
 * @param data the folder that holds `reports/`.
 */
export function conformReports(data: string) {
  const folder = path.join(data, 'reports');
  const { files } = JSON.parse(fs.readFileSync(path.join(folder, 'expected.json'), 'utf8')) as {
    readonly files: Readonly<Record<string, Expected>>;
  };
  const cases = Object.entries(files);
  const failed = cases.flatMap(([file, expected]) => {
    const difference = compare(file, fs.readFileSync(path.join(folder, file)), expected);
    return difference === null ? [] : [difference];
  });
  return { set: 'reports', total: cases.length, passed: cases.length - failed.length, failed: failed.slice(0, 20) };
}
