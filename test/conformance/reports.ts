import { type AuthenticationReport, findReports, readReportFile } from '../../src/message/authentication-reports.ts';
import type { DmarcAggregateReport } from '../../src/message/dmarc/aggregate.ts';
import type { DmarcFailureReport } from '../../src/message/dmarc/failure.ts';
import { sha256 } from '../../src/message/fields.ts';
import { UnpackBudget } from '../../src/message/files/budget.ts';
import { unpack } from '../../src/message/files/unpack.ts';
import type { TlsReport } from '../../src/message/tls-report/report.ts';
import { type CaseResult, type ConformanceSet, guarded, readCase, readExpected } from './score.ts';

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
  const { reports: found, refused } = findReports(bytes);
  if (found.length === 0) throw new Error(refused.map(({ code }) => code).join(' ') || 'no report');
  return found.map(({ report }) => report);
}

function compare(file: string, bytes: Buffer, { type, fields, mustParse }: Expected): CaseResult {
  const differs = (field: string, expected: unknown, got: unknown): CaseResult => ({
    file,
    failures: [{ field, expected, got }],
  });
  if (type === 'extract') {
    const contents = unpack(bytes, new UnpackBudget().file(bytes.length));
    const got = contents.map(sha256).join(' ');
    return got === fields.unpackedSha256
      ? { file, failures: [] }
      : differs('unpackedSha256', fields.unpackedSha256, got);
  }
  let found: readonly AuthenticationReport[];
  try {
    found = read(file, bytes);
  } catch (error) {
    if (type === 'invalid' || mustParse === false) return { file, failures: [] };
    return differs('mustParse', true, error instanceof Error ? error.message : String(error));
  }
  if (type === 'invalid') return differs('mustParse', false, true);
  const [report] = found;
  if (found.length !== 1 || report?.kind !== kinds[type])
    return differs('type', kinds[type], found.map(({ kind }) => kind).join(' '));
  const values = valuesOf(report);
  const failures = Object.entries(fields).filter(([field, expected]) => !same(expected, values[field]));
  return { file, failures: failures.map(([field, expected]) => ({ field, expected, got: values[field] ?? null })) };
}

/** The reports; a case is a file with all its recorded fields. */
export const reports: ConformanceSet = {
  name: 'reports',
  target: 1,
  run: (data) =>
    Promise.all(
      readExpected<Expected>(data, 'reports').map(([file, expected]) =>
        guarded(file, () => compare(file, readCase(data, 'reports', file), expected)),
      ),
    ),
};
