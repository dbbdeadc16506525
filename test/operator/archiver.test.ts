import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import type { Deployment, KubernetesObject, Live, MailboxSource } from '../../src/kubernetes/objects.ts';
import { deployment } from '../../src/operator/build/deployment.ts';
import { decideSource } from '../../src/operator/decide/source.ts';
import type { PipelineSnapshot, SourceSnapshot } from '../../src/operator/snapshot.ts';
import { archiverOf, compiledArchiver, sourceOfArchiver } from '../../src/operator/source-workloads.ts';
import type { Revision } from '../../src/pipeline/revision/revision.ts';
import { sourceSecrets } from '../../src/pipeline/revision/source-secrets.ts';
import {
  account,
  allSecrets,
  brief,
  compiled,
  config,
  live,
  messageOf,
  noCollector,
  now,
  pipeline,
  pod,
  snapshot,
  source,
  worker,
  workerStatus,
} from './fixtures.ts';

const imap = { host: 'imap.example.com', auth: { secretRef: { name: 'support-imap' } } };
const onVolume: MailboxSourceSpec = {
  imap,
  archive: { volume: { persistentVolumeClaim: { claimName: 'mail-archive', subPath: 'support' } } },
};

function revisionOf(of: Live<MailboxSource>): Revision {
  const compilation = compiledArchiver(of, []);
  if (compilation.kind !== 'Compiled') throw new Error('it does not compile');
  return compilation.revision;
}
const revision = revisionOf(source(onVolume));
const input = { revision, template: undefined, secretsHash: 'abc', replicas: 1 };

test.each<[string, KubernetesObject]>([
  ['archiver-volume', deployment(input, config)],
  ['archive-reader', deployment({ ...input, revision: compiled(pipeline(), source(onVolume)) }, config)],
])('the Deployment of %s', async (name, object) => {
  const yaml = dump(JSON.parse(JSON.stringify(object)), { lineWidth: 120 });
  await expect(yaml).toMatchFileSnapshot(new URL(`./golden/${name}.yaml`, import.meta.url).pathname);
});

/** A source with an archive, and its workload as `change` says. */
function decide(spec: MailboxSourceSpec, change: Partial<PipelineSnapshot> = {}, of: Partial<SourceSnapshot> = {}) {
  const from = source(spec);
  const { rolloutsUnderWay, ...archiver } = snapshot({
    pipeline: archiverOf(from),
    source: from,
    compilation: compiledArchiver(from, of.issues ?? []),
    ...change,
  });
  return decideSource(
    {
      ...{ now, source: from, issues: [], secrets: allSecrets, readers: ['a', 'b'], secretKeys: sourceSecrets(spec) },
      ...{ collector: noCollector, archiver, rolloutsUnderWay },
      ...of,
    },
    config,
  );
}
const names = (objects: readonly KubernetesObject[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const running = (): Partial<PipelineSnapshot> => {
  const made = deployment({ ...input, secretsHash: hash }, config);
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const says = workerStatus(revision, { pipeline: 'support-collector', sinks: [], accounts: [account()] });
  return {
    deployment: live({ ...made, metadata: { ...made.metadata, generation: 1 }, status }),
    pods: [pod('c-1', { ready: true })],
    workers: [worker('c-1', says)],
    applied: revision,
  };
};
const isDeployment = (object: KubernetesObject): object is Deployment => object.kind === 'Deployment';
const hash =
  decide(onVolume).objects.find(isDeployment)?.spec?.template.metadata?.annotations?.['mailmill.io/secrets-hash'] ?? '';
const apart = 'SharedWithoutArchive=False/Archived';
const found = ['Valid=True/Valid', 'CredentialsResolved=True/Resolved'];

describe('a source with an archive', () => {
  test('gets workers that read it, named after it', () => {
    const decision = decide(onVolume);
    expect(names(decision.objects)).toEqual([
      `ConfigMap support-collector-${revision.hash}`,
      'Deployment support-collector',
    ]);
    expect(brief(decision.status.conditions)).toEqual([
      'Ready=False/Applying',
      'Reconciling=True/Applying',
      'Stalled=False/NotStalled',
      ...found,
      'Connected=Unknown/NoWorker',
      'Flowing=Unknown/NoWorker',
      'Delivering=Unknown/NoWorker',
      apart,
    ]);
  });

  test('is ready and well as they are', () => {
    expect(brief(decide(onVolume, running()).status.conditions)).toEqual([
      'Ready=True/RolledOut',
      'Reconciling=False/Settled',
      'Stalled=False/NotStalled',
      ...found,
      'Connected=True/Connected',
      'Flowing=True/Flowing',
      'Delivering=True/Delivering',
      apart,
    ]);
  });

  test('with a schedule is checked, and then a CronJob', () => {
    const decision = decide({ ...onVolume, schedule: '0 2 * * *' });
    expect(names(decision.objects)).toEqual([
      `ConfigMap support-collector-${revision.hash}`,
      expect.stringMatching(/^Job support-collector-check-/),
    ]);
    expect(brief(decision.status.conditions)).toContain('Ready=False/Checking');
  });

  test('whose place is a path starts nothing in a cluster', () => {
    const decision = decide({ imap, archive: { volume: { path: 'archive' } } }, running());
    expect([decision.objects, decision.patches, decision.deletions]).toEqual([[], [], []]);
    expect(brief(decision.status.conditions).slice(0, 4)).toEqual([
      'Ready=False/PathOnlyStandalone',
      'Reconciling=False/Stalled',
      'Stalled=True/PathOnlyStandalone',
      'Valid=False/PathOnlyStandalone',
    ]);
  });

  test('that is wrong keeps the workers that it has', () => {
    const issues = [{ kind: 'MailboxSource', path: 'spec.imap.host', message: 'is required' }] as const;
    const decision = decide(onVolume, running(), { issues });
    expect([decision.objects, decision.deletions]).toEqual([[], []]);
    expect(brief(decision.status.conditions)).toContain('Stalled=True/SpecInvalid');
    expect(messageOf(decision.status.conditions, 'Ready')).toMatch(/spec\.imap\.host: is required/);
  });

  test('waits with a new image while many others roll', () => {
    const { deployment: old, ...rest } = running();
    const status = { observedGeneration: 1, conditions: decide(onVolume, running()).status.conditions ?? [] };
    const rolledOut = structuredClone(old)!;
    const rollout = { type: 'Progressing', status: 'True', reason: 'NewReplicaSetAvailable' };
    Object.assign(rolledOut.status!, { conditions: [rollout] });
    Object.assign(rolledOut.spec?.template.spec?.containers[0] ?? {}, { image: 'registry.example.com/mailmill:0' });
    const given = { ...rest, deployment: rolledOut, pipeline: archiverOf({ ...source(onVolume), status }) };
    expect(decide(onVolume, given, { rolloutsUnderWay: 19 }).rollout).toBe('Begins');
    const decision = decide(onVolume, given, { rolloutsUnderWay: 20 });
    expect(decision.rollout).toBe('Waits');
    expect(decision.objects).toEqual([]);
  });
});

test('whose workload a key is', () => {
  expect(sourceOfArchiver('team/support-collector')).toBe('team/support');
  expect(sourceOfArchiver('team/orders')).toBeUndefined();
});
