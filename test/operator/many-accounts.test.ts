import { describe, expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import type { Deployment } from '../../src/kubernetes/objects.ts';
import { secretsHashOf } from '../../src/operator/decide/decision.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot, SecretState, Secrets } from '../../src/operator/snapshot.ts';
import {
  at,
  brief,
  compiled,
  config,
  live,
  liveDeployment,
  pipeline,
  present,
  snapshot,
  source,
  worker,
  workerStatus,
} from './fixtures.ts';

const spec: MailboxSourceSpec = {
  imap: { host: 'imap.example.com', accounts: { secretRef: { name: 'team-mailboxes' } } },
};
const from = source(spec);
const revision = compiled(pipeline(), from);
const secrets: Secrets = new Map<string, SecretState>([
  ['team-mailboxes', present('accounts')],
  ['analytics-db', present('uri')],
  ['mailmill-store', present('uri')],
]);
const changed = (name: string, key: string): Secrets =>
  new Map(secrets).set(name, { kind: 'Present', hmacs: new Map([[key, 'another']]) });

const decide = (change: Partial<PipelineSnapshot> = {}) =>
  decidePipeline(snapshot({ source: from, secrets, ...change }), config);
const deploymentOf = (change: Partial<PipelineSnapshot> = {}) => {
  const found = decide(change).objects.find((object): object is Deployment => object.kind === 'Deployment');
  if (found === undefined) throw new Error('no Deployment');
  return found;
};

test('a list of accounts is mounted as a file that is brought up to date, and its change replaces nobody', () => {
  const template = deploymentOf().spec?.template;
  const volume = template?.spec?.volumes?.find(({ name }) => name === 'files');
  expect(volume?.projected?.sources).toContainEqual({
    secret: { name: 'team-mailboxes', items: [{ key: 'accounts', path: 'secrets/team-mailboxes/accounts' }] },
  });
  const mounts = template?.spec?.containers[0]?.volumeMounts?.filter(({ name }) => name === 'files');
  expect(mounts?.map(({ subPath }) => subPath)).toEqual([undefined]);
  expect(deploymentOf({ secrets: changed('team-mailboxes', 'accounts') })).toEqual(deploymentOf());
  expect(deploymentOf({ secrets: changed('analytics-db', 'uri') })).not.toEqual(deploymentOf());
});

test('nor while a generation that is wrong is held back', () => {
  const before = live(deploymentOf());
  const held = (of: Secrets) =>
    deploymentOf({
      pipeline: pipeline({ steps: [{ name: 'bad', filter: 'nonsense(' }] }, undefined, 2),
      deployment: before,
      applied: revision,
      secrets: of,
    }).spec;
  expect(held(secrets)).toEqual(before.spec);
  expect(held(changed('team-mailboxes', 'accounts'))).toEqual(before.spec);
  expect(held(changed('analytics-db', 'uri'))).not.toEqual(before.spec);
});

test('without the list nothing is started', () => {
  const decision = decide({ secrets: new Map(secrets).set('team-mailboxes', { kind: 'Missing' }) });
  expect(decision.objects).toEqual([]);
  expect(brief(decision.status.conditions)).toContain('CredentialsResolved=False/SecretMissing');
});

/** What a worker says of its list, or of the archive. */
const lists = (...accounts: readonly number[]) =>
  accounts.map((count, at) =>
    worker(`w-${at}`, workerStatus(revision, { accounts: [], sources: [{ ...listed, accounts: count }] })),
  );
const listed = {
  ...{ source: 'support', held: 1, connected: 1, troubles: [], folders: 1, catchingUp: 0, unchecked: 0 },
  ...{ liveSince: at(30), lagMessages: 0, lagSeconds: 0 },
};
const sized = (replicas: number) =>
  liveDeployment(revision, {
    replicas,
    secretsHash: secretsHashOf([{ name: 'analytics-db', key: 'uri' }], secrets, config)!,
  });
const limited = (reason: string) => ({
  observedGeneration: 1,
  conditions: [
    {
      ...{ type: 'ReplicasLimited', status: 'True' as const, reason, message: 'as it was', observedGeneration: 1 },
      lastTransitionTime: at(60),
    },
  ],
});
const notKnown = (run: number) =>
  `AccountsNotKnown: spec.replicas is 7, and ${run} workers run until one of them has told how many accounts there are`;

describe.each([
  ['a list of accounts', spec],
  ['an archive', { ...spec, archive: { volume: { persistentVolumeClaim: { claimName: 'mail' } } } }],
])('of %s workers tell how many are of use', (_, given) => {
  const many = source(given);
  test.each<[string, Partial<PipelineSnapshot>, number, string | undefined]>([
    ['nobody works yet: the first, and one that stands by', {}, 2, notKnown(2)],
    [
      'three accounts',
      { workers: lists(3, 3) },
      4,
      'MoreThanAccounts: spec.replicas is 7, and 4 workers run: one for each account (3), and one that stands by',
    ],
    ['the newest list counts, which one of them has read', { workers: lists(3, 6) }, 7, undefined],
    ['more accounts than workers', { workers: lists(1_000) }, 7, undefined],
    ['workers that run while nobody was asked since the start stay', { deployment: sized(5) }, 5, notKnown(5)],
    [
      'workers that do not answer limit nobody',
      { deployment: sized(2), workers: [worker('w-0'), worker('w-1')] },
      7,
      undefined,
    ],
    [
      'but who was limited stays so',
      {
        deployment: sized(4),
        workers: [worker('w-0')],
        pipeline: pipeline({ replicas: 7 }, limited('MoreThanAccounts')),
      },
      4,
      'MoreThanAccounts: as it was',
    ],
    [
      'and who waited for an answer does not',
      {
        deployment: sized(2),
        workers: [worker('w-0')],
        pipeline: pipeline({ replicas: 7 }, limited('AccountsNotKnown')),
      },
      7,
      undefined,
    ],
    ['one that is asked for is one', { pipeline: pipeline() }, 1, undefined],
    ['a suspended pipeline has none', { pipeline: pipeline({ replicas: 7, suspend: true }) }, 0, undefined],
  ])('%s', (_name, change, replicas, says) => {
    const decision = decide({ source: many, pipeline: pipeline({ replicas: 7 }), ...change });
    const made = decision.objects.find((object): object is Deployment => object.kind === 'Deployment');
    expect(made?.spec?.replicas).toBe(replicas);
    const told = decision.status.conditions?.find(({ type }) => type === 'ReplicasLimited');
    expect(told && `${told.reason}: ${told.message}`).toBe(says);
  });
});

test('while a generation that is wrong is held back, a longer list gets its workers', () => {
  const change = {
    pipeline: pipeline({ replicas: 7, steps: [{ name: 'bad', filter: 'nonsense(' }] }, undefined, 2),
    deployment: live(deploymentOf({ pipeline: pipeline({ replicas: 7 }), workers: lists(3) })),
    applied: revision,
  };
  expect(deploymentOf({ ...change, workers: lists(3) }).spec).toEqual(change.deployment.spec);
  expect(deploymentOf({ ...change, workers: lists(5) }).spec).toEqual({ ...change.deployment.spec, replicas: 6 });
});
