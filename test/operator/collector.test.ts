import { dump } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import type { CollectorStatus } from '../../src/api/collector-status.ts';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import { resolveSource } from '../../src/api/resolve.ts';
import type { Deployment, KubernetesObject, Live, Pod } from '../../src/kubernetes/objects.ts';
import { collectorObjects } from '../../src/operator/build/collector.ts';
import { secretsHashOf } from '../../src/operator/decide/decision.ts';
import { decideSource } from '../../src/operator/decide/source.ts';
import { collectorSelector, labels } from '../../src/operator/names.ts';
import type { CollectorSnapshot, SecretState, SourceSnapshot } from '../../src/operator/snapshot.ts';
import { readCollectorStatus } from '../../src/operator/worker-client.ts';
import { type CollectorRevision, collectorSecrets, compileCollector } from '../../src/pipeline/collector/revision.ts';
import { at, brief, config, ill, live, messageOf, noCollector, now, pod, present, source } from './fixtures.ts';

const smtp: MailboxSourceSpec = {
  smtp: {
    recipients: ['*@orders.example.com'],
    tls: { certificateSecretRef: { name: 'listener-cert' } },
    auth: { secretRef: { name: 'listener-login' } },
  },
};
const http: MailboxSourceSpec = { http: { auth: { secretRef: { name: 'push-token' } } } };
const secrets = new Map<string, SecretState>([
  ['mailmill-store', present('uri')],
  ['listener-cert', present('tls.crt', 'tls.key')],
  ['listener-login', present('username', 'password')],
  ['push-token', present('token')],
]);

function compiled(spec: MailboxSourceSpec): CollectorRevision {
  const { spec: resolved } = resolveSource({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'MailboxSource',
    metadata: { name: 'support' },
    spec,
  });
  const revision = compileCollector('team-a', 'support', resolved);
  if (revision === undefined) throw new Error('it has no listener');
  return revision;
}
const revision = compiled(smtp);
const hash = secretsHashOf([revision.storeRef], secrets, config) ?? '';
const desired = collectorObjects(revision, hash, config);

test.each([
  ['collector-smtp', desired],
  ['collector-http', collectorObjects(compiled(http), hash, config)],
])('the objects of %s', async (name, objects) => {
  const yaml = objects.map((object) => dump(JSON.parse(JSON.stringify(object)), { lineWidth: 120 })).join('---\n');
  await expect(yaml).toMatchFileSnapshot(new URL(`./golden/${name}.yaml`, import.meta.url).pathname);
});

/** The Deployment as the API server has it, with so many pods. */
function running(change: { updated?: number; available?: number; total?: number; progressing?: string } = {}) {
  const {
    updated = 2,
    available = 2,
    total = Math.max(updated, available),
    progressing = 'ReplicaSetUpdated',
  } = change;
  const conditions = [{ type: 'Progressing', status: 'True', reason: progressing }];
  return live<Deployment>({
    ...desired[1],
    metadata: { ...desired[1].metadata, generation: 1 },
    status: {
      observedGeneration: 1,
      replicas: total,
      updatedReplicas: updated,
      availableReplicas: available,
      conditions,
    },
  });
}

const collectorPod = (name: string, ready: boolean, status?: Pod['status']): Live<Pod> => {
  const made = pod(name, { ready, ...(status === undefined ? {} : { status }) });
  return {
    ...made,
    metadata: { ...made.metadata, labels: { ...collectorSelector('support'), [labels.revision]: 'x' } },
  };
};

const says = (change: Partial<CollectorStatus> = {}): CollectorStatus => ({
  version: 1,
  collector: 'c',
  startedAt: at(60),
  namespace: 'team-a',
  source: 'support',
  revision: revision.hash,
  ready: true,
  store: { ok: true, since: at(60) },
  listener: { ok: true, since: at(60), kind: 'smtp', port: 2525, connections: 0 },
  counters: { accepted: 1, repeated: 0, refused: 0, bytes: 100 },
  ...change,
});
const well: Partial<CollectorSnapshot> = {
  deployment: running(),
  pods: [collectorPod('a', true), collectorPod('b', true)],
  workers: [
    { pod: 'a', status: says() },
    { pod: 'b', status: says() },
  ],
};
const unready = says({
  ready: false,
  store: ill('STORE_AUTH_REJECTED'),
  listener: { ...ill('NOT_YET_LISTENING'), kind: 'smtp', connections: 0 },
});

const decide = (collector: Partial<CollectorSnapshot> = {}, change: Partial<SourceSnapshot> = {}) =>
  decideSource(
    {
      ...{
        now,
        source: source(smtp),
        issues: [],
        secrets,
        readers: ['orders'],
        secretKeys: collectorSecrets(revision),
      },
      collector: { ...noCollector, revision, ...collector },
      ...change,
    },
    config,
  );
const names = (objects: readonly KubernetesObject[]) => objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
const all = names(desired);
const valid = ['Valid=True/Valid', 'CredentialsResolved=True/Resolved'];
const settled = ['Reconciling=False/Settled', 'Stalled=False/NotStalled'];
const apart = 'SharedWithoutArchive=False/NotImap';

describe('a source that takes mail in', () => {
  test.each<[string, Partial<CollectorSnapshot>, readonly string[], RegExp]>([
    [
      'is new',
      {},
      [
        'Ready=False/Applying',
        'Reconciling=True/Applying',
        'Stalled=False/NotStalled',
        ...valid,
        'Listening=Unknown/NoCollector',
        apart,
      ],
      /is being made/,
    ],
    [
      'listens',
      well,
      ['Ready=True/RolledOut', ...settled, ...valid, 'Listening=True/Listening', apart],
      /^mail is taken in at the Service support, port 2525$/,
    ],
    [
      'has a collector that cannot reach its store',
      {
        deployment: running({ available: 0 }),
        pods: [collectorPod('a', false)],
        workers: [{ pod: 'a', status: unready }],
      },
      [
        'Ready=False/RollingOut',
        'Reconciling=True/RollingOut',
        'Stalled=False/NotStalled',
        ...valid,
        'Listening=False/StoreAuthRejected',
        apart,
      ],
      /STORE_AUTH_REJECTED: it is wrong; mend it$/,
    ],
    [
      'waits for a person, in the words of its collector',
      {
        deployment: running({ available: 0 }),
        pods: [collectorPod('a', false)],
        workers: [{ pod: 'a', status: { ...unready, stalled: { code: 'STORE_FORBIDDEN', message: 'grant it' } } }],
      },
      [
        'Ready=False/RollingOut',
        'Reconciling=False/Settled',
        'Stalled=True/StoreForbidden',
        ...valid,
        'Listening=False/StoreForbidden',
        apart,
      ],
      /STORE_FORBIDDEN: grant it$/,
    ],
    [
      'was not ready in time',
      {
        deployment: running({ available: 0, progressing: 'ProgressDeadlineExceeded' }),
        pods: [collectorPod('a', false)],
      },
      [
        'Ready=False/RolloutDeadlineExceeded',
        'Reconciling=False/Settled',
        'Stalled=True/RolloutDeadlineExceeded',
        ...valid,
        'Listening=Unknown/NoCollector',
        apart,
      ],
      /2 new collectors, not all ready yet$/,
    ],
    [
      'has lost a node: the other one listens',
      {
        ...well,
        deployment: running({ available: 1, progressing: 'NewReplicaSetAvailable' }),
        workers: [{ pod: 'a' }, { pod: 'b', status: says() }],
      },
      [
        'Ready=True/RolledOut',
        'Reconciling=True/RollingOut',
        'Stalled=False/NotStalled',
        ...valid,
        'Listening=True/Listening',
        apart,
      ],
      /became ready$/,
    ],
    [
      'does not answer',
      { ...well, workers: [{ pod: 'a' }, { pod: 'b' }] },
      ['Ready=True/RolledOut', ...settled, ...valid, 'Listening=Unknown/CollectorUnreachable', apart],
      /^mail is taken in/,
    ],
  ])('%s', (_, collector, conditions, ready) => {
    const decision = decide(collector);
    expect(brief(decision.status.conditions)).toEqual(conditions);
    expect(messageOf(decision.status.conditions, 'Ready')).toMatch(ready);
    expect(names(decision.objects)).toEqual(all);
    expect(decision.deletions).toEqual([]);
    expect(decision.requeueAfterMs).toBe(15_000);
  });

  test('without its Secret keeps the collector that it has', () => {
    const missing = new Map(secrets).set('listener-login', { kind: 'Missing' });
    const decision = decide(well, { secrets: missing });
    expect([decision.objects, decision.deletions]).toEqual([[], []]);
    const missingSecret = ['Ready=False/SecretMissing', 'Reconciling=True/SecretMissing', 'Stalled=False/NotStalled'];
    const found = ['Valid=True/Valid', 'CredentialsResolved=False/SecretMissing', 'Listening=True/Listening'];
    expect(brief(decision.status.conditions)).toEqual([
      ...missingSecret,
      ...found,
      'SharedWithoutArchive=False/NotImap',
    ]);
  });

  test('that has not listened for 15 minutes is Stalled', () => {
    const away = {
      ...well,
      workers: [{ pod: 'a', status: says({ listener: { ...unready.listener, ...ill('STORE_UNREACHABLE') } }) }],
    };
    const first = decide(away);
    expect(brief(first.status.conditions)).toContain('Stalled=False/NotStalled');
    const conditions = first.status.conditions?.map((each) => ({ ...each, lastTransitionTime: at(900) }));
    const later = decide(away, {
      source: { ...source(smtp), status: { observedGeneration: 1, ...(conditions && { conditions }) } },
    });
    expect(brief(later.status.conditions)).toContain('Stalled=True/NotListening');
  });

  test('rolls for another store, and not for a renewed certificate or another password', () => {
    const hashWith = (name: string, hmac: string) => {
      const [key = ''] = name === 'mailmill-store' ? ['uri'] : ['tls.crt'];
      const state = secrets.get(name);
      const hmacs = new Map(state?.kind === 'Present' ? state.hmacs : []).set(key, hmac);
      const [, deployment] = decide(well, { secrets: new Map(secrets).set(name, { kind: 'Present', hmacs }) })
        .objects as typeof desired;
      return deployment.spec?.template.metadata?.annotations?.['mailmill.io/secrets-hash'];
    };
    expect(hashWith('listener-cert', 'renewed')).toBe(hash);
    expect(hashWith('mailmill-store', 'another')).not.toBe(hash);
  });

  test('that becomes one of another kind loses its collector', () => {
    const existing = desired.map((object) => live<KubernetesObject>(object));
    const decision = decide({ revision: undefined, existing } as Partial<CollectorSnapshot>, {
      source: source(),
      secretKeys: [],
    });
    expect(names(decision.deletions.map(({ object }) => object))).toEqual(all);
    const broken = decide({ revision: undefined, existing } as Partial<CollectorSnapshot>, {
      issues: [{ kind: 'MailboxSource', path: 'spec.smtp.recipients', message: 'is required' }],
    });
    expect(broken.deletions).toEqual([]);
  });
});

test('what a collector answers is read, with what a newer one adds; anything else is no status', () => {
  expect(readCollectorStatus(JSON.stringify({ ...says(), news: 1 }))).toMatchObject(says());
  for (const text of [
    '<html>',
    '{}',
    JSON.stringify({ ...says(), version: 2 }),
    JSON.stringify({ ...says(), listener: 1 }),
  ]) {
    expect(() => readCollectorStatus(text)).toThrow(expect.objectContaining({ code: 'WORKER_UNREACHABLE' }));
  }
});
