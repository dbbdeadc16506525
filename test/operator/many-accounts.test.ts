import { expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import type { Deployment } from '../../src/kubernetes/objects.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot, SecretState, Secrets } from '../../src/operator/snapshot.ts';
import { brief, compiled, config, live, pipeline, present, snapshot, source } from './fixtures.ts';

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
  const volume = template?.spec?.volumes?.find(({ name }) => name === 'secrets');
  expect(volume?.projected?.sources).toContainEqual({
    secret: { name: 'team-mailboxes', items: [{ key: 'accounts', path: 'team-mailboxes/accounts' }] },
  });
  const mounts = template?.spec?.containers[0]?.volumeMounts?.filter(({ name }) => name === 'secrets');
  expect(mounts?.map(({ subPath }) => subPath)).toEqual([undefined]);
  expect(deploymentOf({ secrets: changed('team-mailboxes', 'accounts') })).toEqual(deploymentOf());
  expect(deploymentOf({ secrets: changed('analytics-db', 'uri') })).not.toEqual(deploymentOf());
});

test('nor while a generation that is wrong is held back', () => {
  const held = (of: Secrets) =>
    decide({
      pipeline: pipeline({ steps: [{ name: 'bad', filter: 'nonsense(' }] }, undefined, 2),
      deployment: live(deploymentOf()),
      applied: revision,
      secrets: of,
    });
  expect(held(secrets).patches).toEqual([]);
  expect(held(changed('team-mailboxes', 'accounts')).patches).toEqual([]);
  expect(held(changed('analytics-db', 'uri')).patches).toHaveLength(1);
});

test('without the list nothing is started', () => {
  const decision = decide({ secrets: new Map(secrets).set('team-mailboxes', { kind: 'Missing' }) });
  expect(decision.objects).toEqual([]);
  expect(brief(decision.status.conditions)).toContain('CredentialsResolved=False/SecretMissing');
});

test('workers are as many as asked for: only the list says how many are of use', () => {
  const object = pipeline({ replicas: 7 });
  expect(deploymentOf({ pipeline: object }).spec?.replicas).toBe(7);
  expect(brief(decide({ pipeline: object }).status.conditions).join()).not.toContain('ReplicasLimited');
});
