import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../src/kubernetes/objects.ts';
import { deployment } from '../../src/operator/build/deployment.ts';
import { archiverOf, sourceOfArchiver } from '../../src/operator/source-workloads.ts';
import { apart, decide, found, imap, input, onVolume, revision, running } from './archivers.ts';
import { brief, compiled, config, messageOf, pipeline, source } from './fixtures.ts';

test.each<[string, KubernetesObject]>([
  ['archiver-volume', deployment(input, config)],
  ['archive-reader', deployment({ ...input, revision: compiled(pipeline(), source(onVolume)) }, config)],
])('the Deployment of %s', async (name, object) => {
  const yaml = dump(JSON.parse(JSON.stringify(object)), { lineWidth: 120 });
  await expect(yaml).toMatchFileSnapshot(new URL(`./golden/${name}.yaml`, import.meta.url).pathname);
});

const names = (objects: readonly KubernetesObject[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
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

  test('waits with its status until its workers were asked, after a restart of the operator', () => {
    const { status } = decide(onVolume, running());
    const unasked = { ...running(), workers: [{ pod: 'c-1', unasked: true }] as const };
    const given = { ...unasked, pipeline: archiverOf({ ...source(onVolume), status }) };
    expect(decide(onVolume, given).postponed).toBe(true);
    expect(decide(onVolume, running()).postponed).toBe(false);
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
