import { describe, expect, test } from 'vitest';
import { lastGoodOf } from '../../src/operator/decide/decision.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  account,
  aged,
  allSecrets,
  at,
  brief,
  compiled,
  config,
  ill,
  liveConfigMap,
  liveDeployment,
  messageOf,
  pipeline,
  pod,
  present,
  snapshot,
  source,
  worker,
  workerStatus,
} from './fixtures.ts';

const revision = compiled();
const running = (change: Partial<PipelineSnapshot> = {}): Partial<PipelineSnapshot> => ({
  deployment: liveDeployment(revision),
  applied: revision,
  configMaps: [liveConfigMap(revision)],
  pods: [pod('orders-1', { ready: true })],
  workers: [worker('orders-1', workerStatus(revision))],
  ...change,
});

const decide = (change: Partial<PipelineSnapshot> = {}) => decidePipeline(snapshot(change), config);
const settled = ['Reconciling=False/Settled', 'Stalled=False/NotStalled'];
const found = ['Valid=True/Valid', 'CredentialsResolved=True/Resolved'];
const well = ['Connected=True/Connected', 'Flowing=True/Flowing', 'Delivering=True/Delivering'];
const noWorker = ['Connected=Unknown/NoWorker', 'Flowing=Unknown/NoWorker', 'Delivering=Unknown/NoWorker'];
const alone = 'SharedWithoutArchive=False/NotShared';

interface Case {
  readonly name: string;
  readonly given: Partial<PipelineSnapshot>;
  readonly conditions: readonly string[];
  readonly says?: Readonly<Record<string, string | RegExp>>;
  readonly applies?: readonly string[];
}

const ready = (reason: string, generation = 1, secondsAgo = 3600) => ({
  observedGeneration: generation,
  revision: revision.hash,
  lastGoodRevision: revision.hash,
  lastGoodGeneration: generation,
  conditions: [
    {
      type: 'Ready',
      status: 'True' as const,
      reason,
      message: 'it was',
      lastTransitionTime: at(secondsAgo),
      observedGeneration: generation,
    },
  ],
});

const cases: readonly Case[] = [
  {
    name: 'a new pipeline gets its revision and its workers',
    given: {},
    applies: [`ConfigMap orders-${revision.hash}`, 'Deployment orders'],
    conditions: [
      'Ready=False/Applying',
      'Reconciling=True/Applying',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'two workers get a PodDisruptionBudget',
    given: { pipeline: pipeline({ replicas: 2 }) },
    applies: [`ConfigMap orders-${revision.hash}`, 'Deployment orders', 'PodDisruptionBudget orders'],
    conditions: [
      'Ready=False/Applying',
      'Reconciling=True/Applying',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'more workers than one for each account and a standby are not made',
    given: running({
      pipeline: pipeline({ replicas: 5 }),
      deployment: liveDeployment(revision, { replicas: 2, total: 2, updated: 2, available: 2 }),
    }),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, alone, 'ReplicasLimited=True/MoreThanAccounts'],
    says: {
      Ready: `revision ${revision.hash} runs with 2 workers`,
      ReplicasLimited: 'spec.replicas is 5, and 2 workers run: one for each account (1), and one that stands by',
    },
  },
  {
    name: 'a rolled out pipeline is ready and well',
    given: running(),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, alone],
    says: { Ready: `revision ${revision.hash} runs with 1 worker` },
  },
  {
    name: 'a worker that cannot log in is told in the worker’s words',
    given: running({
      deployment: liveDeployment(revision, { updated: 1, available: 0 }),
      pods: [pod('orders-1')],
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, {
            ready: false,
            accounts: [account({ role: 'Standby', connection: ill('IMAP_AUTH_REJECTED') })],
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/RollingOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      'Connected=False/ImapAuthRejected',
      'Flowing=Unknown/NotYetReady',
      'Delivering=True/Delivering',
      alone,
    ],
    says: { Ready: /IMAP_AUTH_REJECTED: it is wrong; mend it/, Connected: 'IMAP_AUTH_REJECTED: it is wrong; mend it' },
  },
  {
    name: 'a rollout beyond its deadline is Stalled',
    given: running({
      deployment: liveDeployment(revision, { updated: 1, available: 0, progressing: 'ProgressDeadlineExceeded' }),
      pods: [
        pod('orders-1', {
          status: { conditions: [{ type: 'PodScheduled', status: 'False', message: '0/1 nodes are available' }] },
        }),
      ],
      workers: [],
    }),
    conditions: [
      'Ready=False/RolloutDeadlineExceeded',
      'Reconciling=False/Stalled',
      'Stalled=True/RolloutDeadlineExceeded',
      ...found,
      ...noWorker,
      alone,
    ],
    says: { Stalled: /pod orders-1 has no node: 0\/1 nodes are available/ },
  },
  {
    name: 'a bad revision beside a good one: the good one keeps running, and speaks for the health',
    given: running({
      pipeline: pipeline({}, undefined, 2),
      deployment: liveDeployment(revision, { updated: 1, available: 1, total: 2, lastGood: '0123456789' }),
      pods: [pod('orders-1', { ready: true }), pod('orders-2')],
      workers: [
        worker('orders-1', workerStatus(revision)),
        worker(
          'orders-2',
          workerStatus(revision, {
            ready: false,
            accounts: [],
            sinks: [{ name: 'warehouse', ...ill('SINK_TABLE_MISMATCH') }],
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/RollingOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      ...well,
      alone,
    ],
    says: { Ready: /SINK_TABLE_MISMATCH: .*; revision 0123456789 keeps running$/ },
  },
  {
    name: 'a bad revision that only a person can mend is Stalled before its deadline, beside a good one',
    given: running({
      pipeline: pipeline({}, undefined, 2),
      deployment: liveDeployment(revision, { updated: 1, available: 1, total: 2, lastGood: '0123456789' }),
      pods: [pod('orders-1', { ready: true }), pod('orders-2')],
      workers: [
        worker('orders-1', workerStatus(revision)),
        worker(
          'orders-2',
          workerStatus(revision, {
            ready: false,
            accounts: [],
            stalled: { code: 'SINK_TABLE_MISMATCH', message: 'a column is missing; run: ALTER TABLE …;' },
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/SinkTableMismatch',
      'Reconciling=False/Stalled',
      'Stalled=True/SinkTableMismatch',
      ...found,
      ...well,
      alone,
    ],
    says: { Stalled: /not ready yet: SINK_TABLE_MISMATCH: .* ALTER TABLE …; revision 0123456789 keeps running$/ },
  },
  {
    name: 'a password that is rejected says nothing about what is delivered',
    given: running({
      deployment: liveDeployment(revision, { updated: 1, available: 0 }),
      pods: [pod('orders-1')],
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, {
            ready: false,
            accounts: [account({ role: 'Standby', connection: ill('IMAP_AUTH_REJECTED') })],
            stalled: { code: 'IMAP_AUTH_REJECTED', message: 'it is wrong; mend it' },
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=False/ImapAuthRejected',
      'Reconciling=False/Stalled',
      'Stalled=True/ImapAuthRejected',
      ...found,
      'Connected=False/ImapAuthRejected',
      'Flowing=Unknown/NotYetReady',
      'Delivering=True/Delivering',
      alone,
    ],
  },
  {
    name: 'Ready stays when a ready pipeline loses its pods',
    given: running({
      pipeline: pipeline({}, ready('RolledOut')),
      deployment: liveDeployment(revision, { available: 0, lastGood: revision.hash }),
      pods: [pod('orders-1')],
      workers: [],
    }),
    conditions: [
      'Ready=True/RolledOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'Ready stays when a good pipeline is scaled',
    given: running({
      pipeline: pipeline({ replicas: 2 }, ready('RolledOut', 1), 2),
      deployment: liveDeployment(revision, {
        replicas: 2,
        updated: 2,
        available: 1,
        lastGood: revision.hash,
        progressing: 'NewReplicaSetAvailable',
      }),
    }),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, alone],
  },
  {
    name: 'a resumed pipeline is not ready by what it was while suspended',
    given: running({
      pipeline: pipeline({}, ready('Suspended', 1), 1),
      deployment: liveDeployment(revision, {
        updated: 0,
        available: 0,
        progressing: 'NewReplicaSetAvailable',
        lastGood: revision.hash,
      }),
      pods: [],
      workers: [],
    }),
    conditions: [
      'Ready=False/RollingOut',
      'Reconciling=True/RollingOut',
      'Stalled=False/NotStalled',
      ...found,
      ...noWorker,
      alone,
    ],
  },
  {
    name: 'a mail server that is away shows in Connected alone',
    given: running({
      pipeline: pipeline({}, ready('RolledOut')),
      deployment: liveDeployment(revision, { lastGood: revision.hash }),
      workers: [
        worker('orders-1', workerStatus(revision, { accounts: [account({ connection: ill('IMAP_UNREACHABLE') })] })),
      ],
    }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=False/ImapUnreachable',
      'Flowing=True/Flowing',
      'Delivering=True/Delivering',
      alone,
    ],
  },
  {
    name: 'a worker that does not answer is Unknown',
    given: running({ workers: [worker('orders-1')] }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=Unknown/WorkerUnreachable',
      'Flowing=Unknown/WorkerUnreachable',
      'Delivering=Unknown/WorkerUnreachable',
      alone,
    ],
  },
  {
    name: 'a worker that waits for a person is Stalled at once',
    given: running({
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, { stalled: { code: 'DEAD_RATE_EXCEEDED', message: 'look at the dead letters' } }),
        ),
      ],
    }),
    conditions: [
      'Ready=True/RolledOut',
      'Reconciling=False/Stalled',
      'Stalled=True/WorkerStalled',
      ...found,
      'Connected=True/Connected',
      'Flowing=True/Flowing',
      'Delivering=False/DeadRateExceeded',
      alone,
    ],
  },
  {
    name: 'a folder that is not checked any more stops the flow',
    given: running({
      workers: [
        worker(
          'orders-1',
          workerStatus(revision, {
            accounts: [
              account({
                folders: [{ name: 'INBOX', state: 'Live', checkedAt: at(3000), lagMessages: 0, lagSeconds: 0 }],
              }),
            ],
          }),
        ),
      ],
    }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=True/Connected',
      'Flowing=False/FoldersNotChecked',
      'Delivering=True/Delivering',
      alone,
    ],
    says: { Flowing: /^1 of 1 folders/ },
  },
  {
    name: 'lag without a commit stops the flow',
    given: running({
      workers: [{ ...worker('orders-1', workerStatus(revision)), lag: { sinceMs: 700_000, before: 4, now: 9 } }],
    }),
    conditions: [
      'Ready=True/RolledOut',
      ...settled,
      ...found,
      'Connected=True/Connected',
      'Flowing=False/LagWithoutCommits',
      'Delivering=True/Delivering',
      alone,
    ],
  },
  {
    name: 'a suspended pipeline is ready once its workers are gone',
    given: {
      pipeline: pipeline({ suspend: true }),
      deployment: liveDeployment(revision, { replicas: 0, total: 0 }),
      applied: revision,
    },
    conditions: [
      'Ready=True/Suspended',
      ...settled,
      ...found,
      'Connected=Unknown/Suspended',
      'Flowing=Unknown/Suspended',
      'Delivering=Unknown/Suspended',
      alone,
    ],
  },
  {
    name: 'a suspended pipeline is not at rest while a worker still ends what it was at',
    given: {
      pipeline: pipeline({ suspend: true }),
      deployment: liveDeployment(revision, { replicas: 0, total: 0 }),
      applied: revision,
      pods: [pod('orders-1', { ready: true, ending: true })],
    },
    conditions: [
      'Ready=False/Suspending',
      'Reconciling=True/Suspending',
      'Stalled=False/NotStalled',
      ...found,
      'Connected=Unknown/Suspended',
      'Flowing=Unknown/Suspended',
      'Delivering=Unknown/Suspended',
      alone,
    ],
  },
  {
    name: 'a source that several pipelines read is told',
    given: running({ readers: ['nightly', 'orders'] }),
    conditions: ['Ready=True/RolledOut', ...settled, ...found, ...well, 'SharedWithoutArchive=True/Shared'],
    says: { SharedWithoutArchive: /the pipelines nightly, orders each read MailboxSource support/ },
  },
];

describe('a streaming pipeline', () => {
  test.each(cases)('$name', ({ given, conditions, says = {}, applies }) => {
    const decision = decide(given);
    expect(brief(decision.status.conditions)).toEqual(conditions);
    for (const [type, message] of Object.entries(says)) {
      const told = messageOf(decision.status.conditions, type);
      if (typeof message === 'string') expect(told).toBe(message);
      else expect(told).toMatch(message);
    }
    if (applies !== undefined) {
      expect(decision.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(applies);
    }
    expect(decision.status.observedGeneration).toBe(given.pipeline?.metadata.generation ?? 1);
  });

  test('a revision becomes good when its workers are ready', () => {
    const before = decide({ ...running(), deployment: liveDeployment(revision, { available: 0 }) });
    expect(before.lastGood).toBeUndefined();
    const after = decide(running());
    expect(after.lastGood).toBe(revision.hash);
    expect(after.status).toMatchObject({ lastGoodRevision: revision.hash, lastGoodGeneration: 1, replicas: 1 });
  });

  test('the workload names the good revision once it changes, and not by a write of its own', () => {
    const rolledOut = liveDeployment(revision, { progressing: 'NewReplicaSetAvailable' });
    const goodAfter = (given: Partial<PipelineSnapshot>, image = config.workerImage) =>
      decidePipeline(snapshot(running(given)), { ...config, workerImage: image }).objects.find(
        ({ kind }) => kind === 'Deployment',
      )?.metadata.annotations?.['mailmill.io/last-good-revision'];
    expect(goodAfter({ deployment: rolledOut })).toBeUndefined();
    expect(goodAfter({ deployment: rolledOut }, 'registry.example.com/mailmill:2')).toBe(revision.hash);
    expect(goodAfter({ deployment: rolledOut, pipeline: pipeline({ replicas: 2 }) })).toBe(revision.hash);
    const before = liveDeployment(revision, { lastGood: 'rev8', progressing: 'NewReplicaSetAvailable' });
    expect(goodAfter({ deployment: before })).toBe('rev8');
    const edited = { deployment: before, pipeline: pipeline({ steps: [{ name: 'a', filter: 'size > 1' }] }, {}, 2) };
    expect(goodAfter(edited)).toBe(revision.hash);
  });

  test.each([
    ['the Deployment itself', { progressing: 'NewReplicaSetAvailable', lastGood: 'rev8' }, undefined, 'current'],
    ['the status, while its pods are away', { available: 0, lastGood: 'rev8' }, 'current', 'current'],
    ['the annotation, while it rolls', { progressing: 'ReplicaSetUpdated', lastGood: 'rev8' }, 'rev7', 'rev8'],
    ['the status, where nothing else tells', { progressing: 'ReplicaSetUpdated' }, 'rev7', 'rev7'],
    ['nobody, without workers', { replicas: 0, total: 0, progressing: 'NewReplicaSetAvailable' }, undefined, undefined],
  ])('which revision is good is told by %s', (_, deployment, told, good) => {
    const named = (hash: string | undefined) => (hash === 'current' ? revision.hash : hash);
    const status = told === undefined ? undefined : { lastGoodRevision: named(told) };
    const found = lastGoodOf({
      deployment: liveDeployment(revision, deployment),
      cronJob: undefined,
      pipeline: pipeline({}, status),
    });
    expect(found).toBe(named(good));
  });

  test('no worker, nothing proven: a suspended revision does not become good', () => {
    const deployment = liveDeployment(revision, { replicas: 0, total: 0, progressing: 'NewReplicaSetAvailable' });
    const decision = decide({ pipeline: pipeline({ suspend: true }), deployment, applied: revision });
    expect(decision.lastGood).toBeUndefined();
    expect(decision.status.lastGoodGeneration).toBeUndefined();
  });

  test('while workers are still to be asked, a status that is current is left as it is', () => {
    const workers = [{ pod: 'orders-1', unasked: true } as const];
    const status = { observedGeneration: 1 };
    expect(decide(running({ workers, pipeline: pipeline({}, status) })).postponed).toBe(true);
    expect(decide(running({ workers, pipeline: pipeline({}, status, 2) })).postponed).toBe(false);
    expect(decide(running({ workers })).postponed).toBe(true);
    expect(decide(running({ pipeline: pipeline({}, status) })).postponed).toBe(false);
  });

  test('not connected for 15 minutes is Stalled, and time is asked for until then', () => {
    const away = running({
      workers: [
        worker('orders-1', workerStatus(revision, { accounts: [account({ connection: ill('IMAP_UNREACHABLE') })] })),
      ],
    });
    const first = decide(away);
    expect(first.requeueAfterMs).toBe(900_000);
    const later = decide({ ...away, pipeline: pipeline({}, { conditions: aged(first.status.conditions, 600) }) });
    expect(later.requeueAfterMs).toBe(300_000);
    const stalled = decide({ ...away, pipeline: pipeline({}, { conditions: aged(first.status.conditions, 901) }) });
    expect(brief(stalled.status.conditions)).toContain('Stalled=True/NotConnected');
    expect(brief(stalled.status.conditions)).toContain('Ready=True/RolledOut');
  });

  test('lastTransitionTime moves only with the status', () => {
    const first = decide(running());
    const again = decide({ ...running(), pipeline: pipeline({}, { conditions: aged(first.status.conditions, 500) }) });
    expect(again.status.conditions?.every(({ lastTransitionTime }) => lastTransitionTime === at(500))).toBe(true);
    expect(again.events).toEqual([]);
    const lost = decide({
      ...running({ workers: [] }),
      pipeline: pipeline({}, { conditions: aged(first.status.conditions, 500) }),
    });
    const times = lost.status.conditions?.filter(({ lastTransitionTime }) => lastTransitionTime === at(0));
    expect(times?.map(({ type }) => type)).toEqual(['Connected', 'Flowing', 'Delivering']);
  });

  test('five old revisions are kept, and those in use', () => {
    const maps = Array.from({ length: 9 }, (_, age) => {
      const map = liveConfigMap({ ...revision, hash: `rev${age}` });
      return { ...map, metadata: { ...map.metadata, creationTimestamp: at(1000 * (age + 1)) } };
    });
    const decision = decide({
      ...running(),
      deployment: liveDeployment(revision, { available: 0, lastGood: 'rev8' }),
      configMaps: maps,
    });
    expect(decision.deletions.map(({ object }) => object.metadata.name)).toEqual([
      'orders-rev5',
      'orders-rev6',
      'orders-rev7',
    ]);
  });

  test('a CronJob from before goes once the workers are ready', () => {
    const cronJob = { ...liveDeployment(revision), kind: 'CronJob' } as unknown as PipelineSnapshot['cronJob'];
    expect(
      decide({ ...running({ deployment: liveDeployment(revision, { available: 0 }) }), cronJob }).deletions,
    ).toEqual([]);
    expect(decide({ ...running(), cronJob }).deletions.map(({ object }) => object.kind)).toEqual(['CronJob']);
  });
});

describe('a generation that cannot be applied', () => {
  const broken = pipeline({ steps: [{ name: 'typo', filter: 'subjct == "x"' }] }, undefined, 2);
  const bad: readonly Case[] = [
    {
      name: 'a step that does not compile',
      given: { pipeline: broken },
      conditions: [
        'Ready=False/SpecInvalid',
        'Reconciling=False/Stalled',
        'Stalled=True/SpecInvalid',
        'Valid=False/SpecInvalid',
        'CredentialsResolved=Unknown/NotCompiled',
        ...noWorker,
        alone,
      ],
      says: { Stalled: /spec\.steps\[0\]\.filter.*subjct/ },
    },
    {
      name: 'a schedule that no clock knows',
      given: { pipeline: pipeline({ schedule: '61 2 * * *' }) },
      conditions: [
        'Ready=False/SpecInvalid',
        'Reconciling=False/Stalled',
        'Stalled=True/SpecInvalid',
        'Valid=False/SpecInvalid',
        'CredentialsResolved=Unknown/NotCompiled',
        'Connected=Unknown/NotYetRun',
        'Flowing=Unknown/NotYetRun',
        'Delivering=Unknown/NotYetRun',
        alone,
      ],
      says: { Valid: /spec\.schedule: "61" is no minute/ },
    },
    {
      name: 'a source that is not there is waited for',
      given: { source: undefined, pipeline: pipeline({ source: { name: 'suport' } }) },
      conditions: [
        'Ready=False/SourceMissing',
        'Reconciling=True/SourceMissing',
        'Stalled=False/NotStalled',
        'Valid=False/SourceMissing',
        'CredentialsResolved=Unknown/NotCompiled',
        ...noWorker,
        'SharedWithoutArchive=Unknown/SourceMissing',
      ],
      says: { Valid: 'there is no MailboxSource "suport" in namespace team-a; did you mean "support"?' },
    },
    {
      name: 'a Maildir by path',
      given: { source: source({ maildir: { path: '/mail' } }) },
      conditions: [
        'Ready=False/PathOnlyStandalone',
        'Reconciling=False/Stalled',
        'Stalled=True/PathOnlyStandalone',
        'Valid=False/PathOnlyStandalone',
        'CredentialsResolved=Unknown/NotCompiled',
        ...noWorker,
        'SharedWithoutArchive=False/NotImap',
      ],
    },
    {
      name: 'a Secret that is not there',
      given: { secrets: new Map([...allSecrets, ['support-imap', { kind: 'Missing' }]]) },
      conditions: [
        'Ready=False/SecretMissing',
        'Reconciling=True/SecretMissing',
        'Stalled=False/NotStalled',
        'Valid=True/Valid',
        'CredentialsResolved=False/SecretMissing',
        ...noWorker,
        alone,
      ],
      says: {
        CredentialsResolved:
          'namespace team-a has no Secret "support-imap" (with password, username); create it, or correct the name in the spec',
      },
    },
    {
      name: 'a key that is not there',
      given: { secrets: new Map([...allSecrets, ['support-imap', present('user', 'password')]]) },
      conditions: [
        'Ready=False/SecretKeyMissing',
        'Reconciling=True/SecretKeyMissing',
        'Stalled=False/NotStalled',
        'Valid=True/Valid',
        'CredentialsResolved=False/SecretKeyMissing',
        ...noWorker,
        alone,
      ],
      says: { CredentialsResolved: /^Secret "support-imap" has no key "username" \(it has password, user\)/ },
    },
    {
      name: 'Secrets that may not be read',
      given: { secrets: new Map([...allSecrets.keys()].map((name) => [name, { kind: 'Forbidden' }])) },
      conditions: [
        'Ready=False/SecretsForbidden',
        'Reconciling=False/Stalled',
        'Stalled=True/SecretsForbidden',
        'Valid=True/Valid',
        'CredentialsResolved=False/SecretsForbidden',
        ...noWorker,
        alone,
      ],
      says: {
        CredentialsResolved:
          /kubectl create rolebinding mailmill-secret-reader -n team-a --clusterrole=mailmill-secret-reader --serviceaccount=mailmill-system:mailmill-operator$/,
      },
    },
  ];

  test.each(bad)('$name', ({ given, conditions, says = {} }) => {
    const decision = decide(given);
    expect(brief(decision.status.conditions)).toEqual(conditions);
    for (const [type, message] of Object.entries(says))
      expect(messageOf(decision.status.conditions, type)).toMatch(message);
    expect(decision.objects).toEqual([]);
  });

  test('what may arrive with the same sync is Stalled after a minute', () => {
    const missing = { secrets: new Map([...allSecrets, ['support-imap', { kind: 'Missing' } as const]]) };
    const first = decide(missing);
    expect(first.requeueAfterMs).toBe(60_000);
    const later = decide({ ...missing, pipeline: pipeline({}, { conditions: aged(first.status.conditions, 61) }) });
    expect(brief(later.status.conditions)).toContain('Stalled=True/SecretMissing');
  });

  const held = (change: Partial<PipelineSnapshot>) =>
    decide({
      ...running(),
      deployment: liveDeployment(revision, { lastGood: revision.hash }),
      pipeline: broken,
      ...change,
    });

  test('leaves the old workload alone, and says that it runs', () => {
    const decision = held({});
    expect(decision).toMatchObject({ objects: [], patches: [], deletions: [], lastGood: revision.hash });
    expect(messageOf(decision.status.conditions, 'Ready')).toMatch(
      new RegExp(`; revision ${revision.hash} keeps running$`),
    );
    expect(brief(decision.status.conditions)).toEqual(expect.arrayContaining(well));
  });

  test.each([
    ['suspending', { suspend: true }, { spec: { replicas: 0 } }],
    ['scaling', { replicas: 2 }, { spec: { replicas: 2 } }],
    ['scaling beyond what is of use', { replicas: 5 }, { spec: { replicas: 2 } }],
  ])('%s acts at once even so', (_, change, patch) => {
    const decision = held({ pipeline: pipeline({ ...broken.spec, ...change }, undefined, 3) });
    expect(decision.patches.map((each) => each.patch)).toEqual([patch]);
  });

  test('a rotated Secret rolls the old workload even so', () => {
    const hmacs = new Map([
      ['username', 'hmac-of-username'],
      ['password', 'another'],
    ]);
    const decision = held({ secrets: new Map([...allSecrets, ['support-imap', { kind: 'Present', hmacs }]]) });
    expect(decision.patches).toHaveLength(1);
    expect(decision.patches[0]?.patch).toMatchObject({
      spec: {
        replicas: 1,
        template: { metadata: { annotations: { 'mailmill.io/secrets-hash': expect.any(String) } } },
      },
    });
  });

  test('what the API server refuses is told in the conditions', () => {
    const refusal = { code: 'CHILD_NOT_OWNED', message: 'Deployment orders is in the way' };
    const decision = decidePipeline(snapshot(), config, refusal);
    expect(brief(decision.status.conditions).slice(0, 3)).toEqual([
      'Ready=False/ChildNotOwned',
      'Reconciling=False/Stalled',
      'Stalled=True/ChildNotOwned',
    ]);
  });
});
