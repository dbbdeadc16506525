import { describe, expect, test } from 'vitest';
import type { EmailPipelineSpec } from '../../src/api/email-pipeline.ts';
import { firstDifference } from '../../src/kubernetes/apply.ts';
import type { Deployment } from '../../src/kubernetes/objects.ts';
import type { Child } from '../../src/operator/decide/decision.ts';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  aged,
  allSecrets,
  brief,
  config,
  liveDeployment,
  messageOf,
  pipeline,
  present,
  snapshot,
  source,
} from './fixtures.ts';
import { alone, type Case, decide, expectCase, noWorker, revision, running, well } from './streaming.ts';

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

  test.each(bad)('$name', (each) => {
    expect(expectCase(each).objects).toEqual([]);
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

  describe('has what somebody edited in its Deployment healed', () => {
    const made = (change: Partial<PipelineSnapshot> = {}, edit: object = {}) => {
      const before = liveDeployment(revision, { lastGood: revision.hash, specHash: 'of the generation before' });
      const template = { ...before.spec?.template, spec: { ...before.spec!.template.spec!, ...edit } };
      const edited = { ...before, spec: { ...before.spec!, template } };
      const { objects, patches } = held({ deployment: edited, ...change });
      expect(patches).toEqual([]);
      return objects.map((object) => firstDifference(object, edited) ?? 'nothing');
    };

    test('as it was made', () => {
      expect(made({}, { terminationGracePeriodSeconds: 1 })).toEqual([
        'spec.template.spec.terminationGracePeriodSeconds: 1 → 60',
      ]);
      expect(made()).toEqual(['nothing']);
    });

    test('but not where nobody knows how it was: under another image, or another template', () => {
      const { spec } = broken;
      const template = { nodeSelector: { disk: 'fast' } };
      expect(made({ pipeline: pipeline({ ...spec, template }, undefined, 3) })).toEqual([]);
      const other = { ...config, workerImage: 'registry.example.com/mailmill:2' };
      const live = liveDeployment(revision, { lastGood: revision.hash, specHash: 'before' });
      const change = { ...running(), deployment: live, pipeline: broken };
      expect(decidePipeline(snapshot(change), other).objects).toEqual([]);
    });
  });

  describe('has the last good workload made anew when somebody deleted it', () => {
    const lost = (change: Partial<PipelineSnapshot> = {}) =>
      held({ deployment: undefined, pods: [], workers: [], ...goodBefore(), ...change });
    const goodBefore = (spec: Partial<EmailPipelineSpec> = {}) => ({
      pipeline: pipeline({ ...broken.spec, ...spec }, { lastGoodRevision: revision.hash }, 2),
    });
    const made = (change: Partial<PipelineSnapshot> = {}) =>
      lost(change).objects.map((object) => `${object.kind} ${revisionOfWorkload(object)}`);
    const revisionOfWorkload = (object: Child) => object.metadata.annotations?.['mailmill.io/last-good-revision'];

    test('a Deployment, which names what is good and counts as no edit that could wait', () => {
      const [deployment] = lost().objects as Deployment[];
      expect(deployment?.spec?.template.metadata?.labels?.['mailmill.io/revision']).toBe(revision.hash);
      expect(deployment?.spec?.replicas).toBe(1);
      expect(deployment?.metadata.annotations?.['mailmill.io/spec']).toBe('restored');
      expect(made()).toEqual([`Deployment ${revision.hash}`]);
    });

    test('a CronJob, unless its schedule is what is wrong', () => {
      const at = (schedule: string, timeZone?: string) => goodBefore({ schedule, ...(timeZone && { timeZone }) });
      expect(made(at('0 2 * * *'))).toEqual([`CronJob ${revision.hash}`]);
      expect(made(at('61 2 * * *'))).toEqual([]);
      expect(made(at('0 2 * * *', 'Europe/Zürich'))).toEqual([]);
    });

    test('beside a check or a preflight of what is to replace it', () => {
      const steps = [{ name: 'a', filter: 'size > 1' }];
      const good = { lastGoodRevision: revision.hash };
      const change = (spec: Partial<EmailPipelineSpec>) => ({ pipeline: pipeline({ steps, ...spec }, good, 2) });
      const kinds = (spec: Partial<EmailPipelineSpec>) => lost(change(spec)).objects.map(({ kind }) => kind);
      expect(kinds({ rollout: { preflight: {} } })).toEqual(['ConfigMap', 'Job', 'Deployment']);
      expect(kinds({ schedule: '0 2 * * *' })).toEqual(['ConfigMap', 'Job', 'CronJob']);
    });

    test.each<[string, Partial<PipelineSnapshot>]>([
      ['while it is suspended', goodBefore({ suspend: true })],
      ['at no size', goodBefore({ replicas: 0 })],
      ['that never was', { pipeline: broken, applied: undefined }],
      ['whose ConfigMap is gone as well', { applied: undefined }],
      ['without its Secrets', { secrets: new Map() }],
    ])('not one %s', (_, change) => {
      expect(made(change)).toEqual([]);
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
