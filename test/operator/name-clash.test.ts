import { describe, expect, test } from 'vitest';
import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import { decideSource } from '../../src/operator/decide/source.ts';
import { type Claimant, clashCandidates, clashOf, givesWay } from '../../src/operator/name-clash.ts';
import { checkJobName, configMapName, preflightJobName, reconcileName, runJobName } from '../../src/operator/names.ts';
import { archiverName } from '../../src/pipeline/archive/compile.ts';
import { brief, config, imapSpec, messageOf, noCollector, now, pipelineSpec, snapshot, source } from './fixtures.ts';

const pipeline = (name: string, more: Partial<EmailPipelineSpec> = {}): Claimant => ({
  kind: 'EmailPipeline',
  name,
  spec: { ...pipelineSpec, ...more },
});
const mailbox = (name: string, more: Partial<MailboxSourceSpec> = {}): Claimant => ({
  kind: 'MailboxSource',
  name,
  spec: { ...imapSpec, ...more },
});
const listener = (name: string): Claimant => ({
  kind: 'MailboxSource',
  name,
  spec: { http: { auth: { secretRef: { name: 'token' } } } },
});

const schedule = '0 2 * * *';
const reconcile = { schedule };
const archive = { postgres: {} };

const all = (name: string): readonly Claimant[] => [
  pipeline(name),
  pipeline(name, { schedule }),
  pipeline(name, { reconcile }),
  pipeline(name, { schedule, reconcile }),
  mailbox(name),
  mailbox(name, { archive }),
  mailbox(name, { archive, schedule }),
  mailbox(name, { archive, reconcile }),
  mailbox(name, { archive, schedule, reconcile }),
  listener(name),
];

/** Everything that has a name of its own in the namespace, as builders name it; `worker` is what state in the store, labels and tokens know. */
function children({ kind, name, spec }: Claimant): readonly string[] {
  const scheduled = kind === 'EmailPipeline' ? spec.schedule : spec.schedule;
  const work = kind === 'EmailPipeline' ? name : archiverName(name);
  const hash = 'a'.repeat(10);
  if (kind === 'MailboxSource' && spec.http)
    return [`Deployment ${work}`, `PodDisruptionBudget ${work}`, `Service ${name}`, `NetworkPolicy ${work}`];
  if (kind === 'MailboxSource' && !spec.archive) return [];
  return [
    `worker ${work}`,
    ...(scheduled ? [`CronJob ${work}`] : [`Deployment ${work}`, `PodDisruptionBudget ${work}`]),
    ...(spec.reconcile ? [`CronJob ${reconcileName(work)}`] : []),
    `ConfigMap ${configMapName(work, hash)}`,
    // With the hash that would be most alike.
    ...[checkJobName(work, '', '', ''), preflightJobName(work, '', '', '', ''), runJobName(work, '', '')].map((job) =>
      `Job ${job}`.replace(/[0-9a-f]{10}$/, hash),
    ),
    // By the CronJob controller: minutes since 1970.
    ...(scheduled ? [`Job ${work}-29384756`] : []),
    ...(spec.reconcile ? [`Job ${reconcileName(work)}-29384756`] : []),
  ];
}

const long = 'l'.repeat(40);
const names = ['x', 'x-reconcile', 'x-collector', 'x-collector-reconcile', 'x-check', 'x-run', 'x-preflight'].concat([
  'x-run-aaaaaaaaaa',
  'x-reconcile-reconcile',
  'x-29384756',
  long,
  long.slice(0, 31),
  'collector',
  'reconcile',
]);

test('two resources clash exactly where they would have a child of one name', () => {
  const claimants = names.flatMap(all).map((claimant) => ({ claimant, has: new Set(children(claimant)) }));
  const wrong: string[] = [];
  let clashes = 0;
  for (const { claimant: one, has } of claimants)
    for (const { claimant: other, has: theirs } of claimants) {
      // The API server has one of a kind and a name.
      if (one.kind === other.kind && one.name === other.name) continue;
      const clash = clashOf(one, other);
      const common = [...has].some((child) => theirs.has(child));
      const told = clashCandidates(one).some(({ kind, name }) => kind === other.kind && name === other.name);
      if (common !== (clash !== undefined) || (clash && !told)) wrong.push(`${JSON.stringify([one, other])}`);
      if (clash) clashes += 1;
    }
  expect(wrong).toEqual([]);
  expect(clashes).toBeGreaterThan(50);
});

describe('a clash says', () => {
  test.each([
    [
      pipeline('x-reconcile', { schedule }),
      pipeline('x', { reconcile }),
      'metadata.name',
      'the CronJob x-reconcile belongs to EmailPipeline "x" (by its spec.reconcile) as well as to this EmailPipeline',
    ],
    [
      pipeline('x', { reconcile }),
      pipeline('x-reconcile', { schedule }),
      'spec.reconcile',
      'the CronJob x-reconcile belongs to EmailPipeline "x-reconcile" as well as to this EmailPipeline',
    ],
    [
      pipeline('x-collector'),
      mailbox('x', { archive }),
      'metadata.name',
      'the name x-collector belongs to MailboxSource "x" (by its spec.archive) as well as to this EmailPipeline',
    ],
    [
      listener('x'),
      pipeline('x-collector'),
      'metadata.name',
      'the Deployment x-collector belongs to EmailPipeline "x-collector" as well as to this MailboxSource',
    ],
  ])('%o and %o', (own, other, path, message) => {
    expect(clashOf(own, other)).toMatchObject({ path, message, suggestion: /another name/ });
  });

  test('nothing of two that only look alike', () => {
    expect(clashOf(pipeline('x-reconcile'), pipeline('x', { reconcile }))).toBeUndefined();
    expect(clashOf(pipeline('x-reconcile', { schedule }), pipeline('x'))).toBeUndefined();
    expect(clashOf(pipeline('x-collector'), mailbox('x'))).toBeUndefined();
    expect(clashOf(pipeline('x-collector', { schedule }), listener('x'))).toBeUndefined();
  });
});

test('the one that came later gives way, unless the child is there and its own', () => {
  const [first, second] = [
    { uid: 'b', createdAt: '2026-11-01T00:00:00Z' },
    { uid: 'a', createdAt: '2026-11-02T00:00:00Z' },
  ];
  const both = (owners: readonly string[]) => [givesWay(first, second, owners), givesWay(second, first, owners)];
  expect(both([])).toEqual([false, true]);
  expect(both(['b'])).toEqual([false, true]);
  expect(both(['a'])).toEqual([true, false]);
  expect(both(['somebody'])).toEqual([false, true]);
  const same = { ...second, createdAt: first.createdAt };
  expect([givesWay(first, same, []), givesWay(same, first, [])]).toEqual([true, false]);
});

describe('one that gives way', () => {
  const { path, message, suggestion } = clashOf(pipeline('x-collector'), mailbox('x', { archive }))!;
  const issue = { path, message, suggestion, reason: 'NameTaken' } as const;

  test('starts nothing, and says who has the name', () => {
    const compilation = { kind: 'Invalid', issues: [{ kind: 'EmailPipeline', ...issue }] } as const;
    const { objects, status } = decidePipeline(snapshot({ compilation }), config);
    expect(objects).toEqual([]);
    expect(brief(status.conditions).slice(0, 4)).toEqual([
      'Ready=False/NameTaken',
      'Reconciling=False/Stalled',
      'Stalled=True/NameTaken',
      'Valid=False/NameTaken',
    ]);
    expect(messageOf(status.conditions, 'Stalled')).toContain(`metadata.name: ${message} (${suggestion})`);
  });

  test('is a source as well', () => {
    const { status, objects } = decideSource(
      {
        ...{ now, source: source(), secretKeys: [], secrets: new Map(), readers: [], collector: noCollector },
        issues: [{ kind: 'MailboxSource', ...issue }],
      },
      config,
    );
    expect(objects).toEqual([]);
    expect(brief(status.conditions)).toContain('Stalled=True/NameTaken');
  });
});
