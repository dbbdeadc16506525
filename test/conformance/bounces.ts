import type { RecipientStatus } from '../../src/message/reports/delivery-status.ts';
import { readReport } from '../../src/message/reports/read-report.ts';
import { type CaseResult, type ConformanceSet, guarded, readCase, readExpected } from './score.ts';

const folder = 'bounces';

interface ExpectedResult {
  readonly status: string | null;
  readonly replyCode: string | null;
  readonly reason: string;
  readonly hardBounce: boolean;
  readonly statusIsPseudo?: boolean;
  readonly feedbackType?: string;
}

interface Expected {
  readonly kind: 'bounce' | 'feedback' | 'autoreply' | 'delivered' | 'none' | 'unlabelled';
  readonly results: readonly ExpectedResult[] | null;
  readonly disputed?: readonly string[];
}

type Result = Pick<RecipientStatus, 'status' | 'replyCode' | 'reason' | 'hardBounce'> & {
  readonly feedbackType?: string;
};
type Difference = CaseResult['failures'][number];

/**
 * Messages that we read otherwise than their label on purpose, with the reason. They still count as failed: what the label
 * says cannot be known from the message by any rule that holds for others.
 */
export const otherwise: Readonly<Record<string, string>> = {
  'lhost-office365-04.eml': '5.1.351 is documented as an unknown recipient, and so are others with it labelled',
  'lhost-opensmtpd-06.eml': 'the report states 4.4.7 and that delivery goes on: it is no failure for good',
  'lhost-opensmtpd-16.eml': 'the report states 4.4.7 and that delivery goes on: it is no failure for good',
  'lhost-sendmail-56.eml':
    'the reply is the one that the report states as its diagnostic, not what a host said later to QUIT',
  'lhost-trendmicro-03.eml': 'the notice names no reason',
  'lhost-verizon-02.eml':
    'the words are those of lhost-apachejames-01.eml, which is labelled otherwise: a code without a command',
};

/** What we say of a message in the shape of the labels. */
function read(raw: Buffer): readonly Result[] {
  const report = readReport(raw);
  const empty = { status: '', replyCode: '', hardBounce: false };
  if (report === null || report.kind === 'disposition') return [];
  if (report.kind === 'delivery') return report.recipients;
  if (report.kind === 'autoReply') return [{ ...empty, reason: 'vacation' }];
  const complaint = { ...empty, reason: 'feedback', feedbackType: report.feedbackType } as const;
  return report.recipients.length === 0 ? [complaint] : report.recipients.map(() => complaint);
}

/** A code of the labeller's own tells its class only. */
const statusOf = (expected: ExpectedResult, status: string): string =>
  expected.statusIsPseudo === true ? status.slice(0, 1) : status;

function compareResult(expected: ExpectedResult, got: Result | undefined, fields: readonly string[]): Difference[] {
  const values: Readonly<Record<string, readonly [unknown, unknown]>> = {
    status: [statusOf(expected, expected.status ?? ''), statusOf(expected, got?.status ?? '')],
    replyCode: [expected.replyCode ?? '', got?.replyCode ?? ''],
    reason: [expected.reason, got?.reason],
    feedbackType: [expected.feedbackType, got?.feedbackType],
    hardBounce: [expected.hardBounce, got?.hardBounce],
  };
  return fields.flatMap((field) => {
    const [wanted, found] = values[field] ?? [undefined, undefined];
    return wanted === found ? [] : [{ field, expected: wanted, got: found }];
  });
}

function compare(file: string, expected: Expected, raw: Buffer, wanted: readonly string[]): CaseResult {
  const results = expected.results ?? [];
  const got = read(raw);
  const disputed = expected.disputed ?? [];
  const fields = wanted.filter((field) => !disputed.includes(field));
  // Where the labellers disagree about how many recipients there are, those that both sides have are compared.
  const counted = disputed.includes('count') ? results.slice(0, Math.max(1, got.length)) : results;
  const failures = counted.flatMap((one, i) => compareResult(one, got[i], fields));
  if (wanted.length > 1 && counted.length !== got.length && !disputed.includes('count'))
    failures.unshift({ field: 'count', expected: results.length, got: got.length });
  return { file, failures };
}

const isLabelled = ([, expected]: readonly [string, Expected]): boolean => expected.kind !== 'unlabelled';

/** Every recorded field of every labelled message but `hardBounce`, which has a set of its own. */
export const bounces: ConformanceSet = {
  name: 'bounces',
  target: 0.97,
  run: (data) =>
    Promise.all(
      readExpected<Expected>(data, folder)
        .filter(isLabelled)
        .map(([file, expected]) =>
          guarded(file, () =>
            compare(file, expected, readCase(data, folder, file), ['status', 'replyCode', 'reason', 'feedbackType']),
          ),
        ),
    ),
};

/** Hard or soft alone, of the messages where the labellers agree. */
export const bouncesHard: ConformanceSet = {
  name: 'bounces-hard',
  target: 0.99,
  run: (data) =>
    Promise.all(
      readExpected<Expected>(data, folder)
        .filter((one) => isLabelled(one) && one[1].disputed?.includes('hardBounce') !== true)
        .map(([file, expected]) =>
          guarded(file, () => compare(file, expected, readCase(data, folder, file), ['hardBounce'])),
        ),
    ),
};
