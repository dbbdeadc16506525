import { expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import type { Deployment, KubernetesObject, Live, MailboxSource } from '../../src/kubernetes/objects.ts';
import { decideSource } from '../../src/operator/decide/source.ts';
import { annotations } from '../../src/operator/names.ts';
import { isRolling } from '../../src/operator/rollouts.ts';
import type { SourceSnapshot } from '../../src/operator/snapshot.ts';
import { compiledCollector } from '../../src/operator/source-workloads.ts';
import { collectorSecrets } from '../../src/pipeline/collector/revision.ts';
import { at, brief, config, live, messageOf, noCollector, now, present, source } from './fixtures.ts';

const http: MailboxSourceSpec = { http: { auth: { secretRef: { name: 'push-token' } } } };
const other: MailboxSourceSpec = {
  http: { auth: { secretRef: { name: 'push-token' } }, limits: { messageSize: '1Mi' } },
};
const secrets = new Map([
  ['mailmill-store', present('uri')],
  ['push-token', present('token')],
]);
const rotated = new Map(secrets).set('mailmill-store', {
  kind: 'Present',
  hmacs: new Map([['uri', 'another']]),
});

/** What is decided about a source that listens. */
function decide(change: Partial<SourceSnapshot> = {}, image = config.workerImage, spec = http) {
  const from = change.source ?? source(spec);
  const revision = compiledCollector(from);
  if (revision === undefined) throw new Error('it has no collector');
  const base = { now, source: from, issues: [], secrets, readers: [], secretKeys: collectorSecrets(revision) };
  return decideSource(
    { ...base, ...change, collector: { ...noCollector, revision, ...change.collector } },
    { ...config, workerImage: image },
  );
}
const deploymentIn = (objects: readonly KubernetesObject[]) =>
  objects.find((object): object is Deployment => object.kind === 'Deployment');
const kinds = (objects: readonly KubernetesObject[]) => objects.map(({ kind }) => kind);

function rolledOut(spec = http): Live<Deployment> {
  const made = deploymentIn(decide({}, undefined, spec).objects);
  if (made === undefined) throw new Error('no Deployment');
  const conditions = [{ type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' }];
  const status = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2, conditions };
  return live({ ...made, metadata: { ...made.metadata, generation: 1 }, status });
}
const ready = { type: 'Ready', status: 'True' as const, reason: 'RolledOut', message: '', lastTransitionTime: at(60) };
/** It was ready for this generation. */
const settled = (spec = http): Live<MailboxSource> => ({
  ...source(spec),
  status: { observedGeneration: 1, conditions: [{ ...ready, observedGeneration: 1 }] },
});
const busy = (change: Partial<SourceSnapshot> = {}, image = 'registry.example.com/mailmill:2') =>
  decide(
    { source: settled(), collector: { ...noCollector, deployment: rolledOut() }, rolloutsUnderWay: 20, ...change },
    image,
  );

test('collectors wait with a new image while too many workloads roll; what belongs to them does not', () => {
  const held = busy();
  expect(held.rollout).toBe('Waits');
  expect(kinds(held.objects)).toEqual(['ConfigMap', 'Service', 'NetworkPolicy', 'PodDisruptionBudget']);
  expect(held.patches).toEqual([]);
  expect(brief(held.status.conditions)).toEqual([
    'Ready=True/RolledOut',
    'Reconciling=True/RolloutQueued',
    'Stalled=False/NotStalled',
    'Valid=True/Valid',
    'CredentialsResolved=True/Resolved',
    'Listening=Unknown/NoCollector',
    'SharedWithoutArchive=False/NotImap',
  ]);
  expect(messageOf(held.status.conditions, 'Reconciling')).toMatch(
    /^revision [0-9a-f]{10} waits for its turn: 20 workloads roll at this moment \(operator\.rolloutConcurrency is 20\); the collectors from before keep running$/,
  );
});

test('at its turn one counts for the others as well', () => {
  const turn = busy({ rolloutsUnderWay: 19 });
  expect(turn.rollout).toBe('Begins');
  const made = deploymentIn(turn.objects);
  expect(made?.metadata.annotations?.[annotations.lastGood]).toMatch(/^[0-9a-f]{10}$/);
  const written = { ...rolledOut(), ...made, metadata: { ...rolledOut().metadata, ...made?.metadata, generation: 2 } };
  expect(isRolling(written)).toBe(true);
  expect(isRolling(rolledOut())).toBe(false);
});

test('first ones, an edit of the source and a rotated Secret wait for nobody', () => {
  expect(busy({ collector: noCollector }).rollout).toBeUndefined();
  const edited = busy({ source: settled(other) });
  expect(edited.rollout).toBeUndefined();
  expect(kinds(edited.objects)).toContain('Deployment');
  const secret = busy({ secrets: rotated }, config.workerImage);
  expect([secret.rollout, kinds(secret.objects)]).toEqual([undefined, expect.arrayContaining(['Deployment'])]);
  const both = busy({ secrets: rotated });
  expect(both.rollout).toBe('Waits');
  expect(both.patches.map(({ why }) => why)).toEqual(['a referenced Secret changed']);
});
