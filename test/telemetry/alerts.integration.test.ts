import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { dump, load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const run = promisify(execFile);
const file = new URL('../../charts/mailmill/files/alerts.yaml', import.meta.url).pathname;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailmill-alerts-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Minutes at which an alert must not fire yet, must fire, and must be over again; and what it is labelled with. */
interface Case {
  readonly alert: string;
  /** Values of each series, one a minute. */
  readonly series: Readonly<Record<string, string>>;
  readonly quietAt: number;
  readonly firesAt: number;
  readonly resolvedAt: number;
  readonly labels: Readonly<Record<string, string>>;
}

const pipeline = 'namespace="team-a",pipeline="orders"';
const of = { namespace: 'team-a', pipeline: 'orders' };
const condition = (type: string) => `mailmill_pipeline_condition{${pipeline},type="${type}",pod="operator-1"}`;
const leads = 'leader_election_master_status{name="mailmill-operator",pod="operator-1"}';

const cases: readonly Case[] = [
  {
    alert: 'MailmillOperatorDown',
    series: { [leads]: '1x10 _x20 1x30' },
    quietAt: 12,
    firesAt: 25,
    resolvedAt: 40,
    labels: {},
  },
  {
    alert: 'MailmillPipelineStalled',
    series: { [condition('Stalled')]: '0x10 1x20 0x30' },
    quietAt: 13,
    firesAt: 20,
    resolvedAt: 40,
    labels: of,
  },
  {
    alert: 'MailmillSourceStalled',
    series: {
      'mailmill_source_condition{namespace="team-a",source="inbound",type="Stalled",pod="operator-1"}':
        '0x10 1x20 0x30',
      'mailmill_source_condition{namespace="team-a",source="other",type="Ready",pod="operator-1"}': '1x60',
    },
    quietAt: 13,
    firesAt: 20,
    resolvedAt: 40,
    labels: { namespace: 'team-a', source: 'inbound' },
  },
  {
    alert: 'MailmillFoldersNotChecked',
    series: { [`mailmill_folder_check_age_seconds{${pipeline},source="support",pod="w-1"}`]: '60x10 60+60x30 60x30' },
    quietAt: 20,
    firesAt: 30,
    resolvedAt: 60,
    labels: { ...of, source: 'support' },
  },
  {
    alert: 'MailmillNoFlow',
    series: {
      [`mailmill_lag_messages{${pipeline},source="support",pod="w-1"}`]: '5+1x60 0x40',
      [`mailmill_batches_total{${pipeline},source="support",pod="w-1"}`]: '0+1x10 10x50 60+1x40',
    },
    quietAt: 15,
    firesAt: 45,
    resolvedAt: 75,
    labels: { ...of, source: 'support' },
  },
  {
    alert: 'MailmillNotFlowing',
    series: { [condition('Flowing')]: '1x10 0x30 1x30' },
    quietAt: 18,
    firesAt: 30,
    resolvedAt: 50,
    labels: of,
  },
  {
    alert: 'MailmillLag',
    series: { [`mailmill_lag_seconds{${pipeline},source="support",pod="w-1"}`]: '0x10 1000x30 3x30' },
    quietAt: 20,
    firesAt: 35,
    resolvedAt: 50,
    labels: { ...of, source: 'support' },
  },
  {
    alert: 'MailmillDeadLetters',
    series: {
      [`mailmill_dead_letters_total{${pipeline},source="support",code="STEP_FAILED",pod="w-1"}`]: '0x10 3x60',
    },
    quietAt: 9,
    firesAt: 15,
    resolvedAt: 40,
    labels: { ...of, code: 'STEP_FAILED' },
  },
  {
    // As a worker has it: there is no series before the first one.
    alert: 'MailmillDeadLetters',
    series: {
      [`mailmill_dead_letters_total{${pipeline},source="support",code="STEP_FAILED",pod="w-1"}`]: '_x10 1x60',
    },
    quietAt: 9,
    firesAt: 15,
    resolvedAt: 40,
    labels: { ...of, code: 'STEP_FAILED' },
  },
  {
    alert: 'MailmillAuthFailing',
    series: {
      [`mailmill_errors_total{${pipeline},code="IMAP_AUTH_REJECTED",family="Stalled",pod="w-1"}`]: '0x5 0+1x30 30x60',
      [`mailmill_errors_total{${pipeline},code="IMAP_CONNECTION_LOST",family="Transient",pod="w-1"}`]: '0+1x90',
    },
    quietAt: 5,
    firesAt: 25,
    resolvedAt: 60,
    labels: { ...of, code: 'IMAP_AUTH_REJECTED' },
  },
  {
    alert: 'MailmillDeliveryDead',
    series: { [`mailmill_outbox_dead{${pipeline},sink="hook",pod="w-1"}`]: '0x10 2x20 0x30' },
    quietAt: 9,
    firesAt: 15,
    resolvedAt: 40,
    labels: { ...of, sink: 'hook' },
  },
  {
    alert: 'MailmillKeptMailNearlyFull',
    series: {
      'mailmill_kept_bytes{namespace="team-a",source="inbound",pod="c-1"}': '700x10 900x30 500x30',
      'mailmill_kept_bytes_limit{namespace="team-a",source="inbound",pod="c-1"}': '1000x70',
      // Another one has as much, of a larger limit.
      'mailmill_kept_bytes{namespace="team-a",source="large",pod="c-2"}': '900x70',
      'mailmill_kept_bytes_limit{namespace="team-a",source="large",pod="c-2"}': '9000x70',
    },
    quietAt: 15,
    firesAt: 30,
    resolvedAt: 50,
    labels: { namespace: 'team-a', source: 'inbound' },
  },
  {
    alert: 'MailmillDeliveryLate',
    series: { [`mailmill_outbox_seconds{${pipeline},sink="hook",pod="w-1"}`]: '0x10 1000x20 3x30' },
    quietAt: 13,
    firesAt: 25,
    resolvedAt: 40,
    labels: { ...of, sink: 'hook' },
  },
  {
    alert: 'MailmillMessagesMissing',
    series: { [`mailmill_reconcile_missing_messages{${pipeline},pod="operator-1"}`]: '0x10 1x20 0x30' },
    quietAt: 9,
    firesAt: 15,
    resolvedAt: 40,
    labels: of,
  },
  {
    alert: 'MailmillReconcileOverdue',
    // Until minute 120, for an hour; then it succeeds.
    series: { [`mailmill_reconcile_overdue_timestamp_seconds{${pipeline},pod="operator-1"}`]: '7200x190 90000x30' },
    quietAt: 175,
    firesAt: 185,
    resolvedAt: 200,
    labels: of,
  },
  {
    alert: 'MailmillSinkDown',
    series: { [condition('Delivering')]: '1x10 0x20 1x30' },
    quietAt: 13,
    firesAt: 25,
    resolvedAt: 40,
    labels: of,
  },
];

/** Asserts with promtool that exactly these alerts of a name fire at a minute. */
async function assertAlerts({ alert, series, labels }: Case, minute: number, fires: boolean): Promise<void> {
  const rule = rules.find((each) => each.alert === alert);
  if (rule === undefined) throw new Error(`there is no alert ${alert}`);
  // What an alert says is asserted elsewhere; here are only time and labels.
  const plain = { ...rule, annotations: undefined };
  writeFileSync(
    join(directory, 'rules.yaml'),
    dump({ groups: [{ name: 'one', rules: [JSON.parse(JSON.stringify(plain))] }] }),
  );
  const test_ = {
    rule_files: ['rules.yaml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [
          {
            eval_time: `${minute}m`,
            alertname: alert,
            exp_alerts: fires ? [{ exp_labels: { ...rule.labels, ...labels } }] : [],
          },
        ],
      },
    ],
  };
  writeFileSync(join(directory, 'test.yaml'), dump(test_));
  try {
    await run('promtool', ['test', 'rules', join(directory, 'test.yaml')]);
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${alert} at minute ${minute}:\n${stdout ?? ''}${stderr ?? String(error)}`);
  }
}

interface Rule {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
}
const { groups } = load(readFileSync(file, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

test('promtool finds no mistake in the rules', async () => {
  const { stdout } = await run('promtool', ['check', 'rules', file]);
  expect(stdout).toContain(`${rules.length} rules found`);
});

test('every alert has a case', () => {
  expect([...new Set(cases.map(({ alert }) => alert))].sort()).toEqual(rules.map(({ alert }) => alert).sort());
});

describe.each(cases.map((each) => [each.alert, each] as const))('%s', (_, each) => {
  test('does not fire before its time', () => assertAlerts(each, each.quietAt, false));
  test('fires', () => assertAlerts(each, each.firesAt, true));
  test('resolves', () => assertAlerts(each, each.resolvedAt, false));
});
