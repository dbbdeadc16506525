import type { Condition } from '../../src/api/conditions.ts';
import type { EmailPipelineSpec, EmailPipelineStatus } from '../../src/api/email-pipeline.ts';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import type { AccountStatus, PipelineStatus } from '../../src/api/worker-status.ts';
import type {
  ConfigMap,
  CronJob,
  Deployment,
  EmailPipeline,
  Job,
  KubernetesObject,
  Live,
  MailboxSource,
  Pod,
} from '../../src/kubernetes/objects.ts';
import { revisionConfigMap } from '../../src/operator/build/config-map.ts';
import { deployment, withLastGood, withOrigin } from '../../src/operator/build/deployment.ts';
import { checkJob, cronJob } from '../../src/operator/build/jobs.ts';
import { createCompiler } from '../../src/operator/compiler.ts';
import type { DecisionConfig } from '../../src/operator/config.ts';
import { secretsHashOf } from '../../src/operator/decide/decision.ts';
import { createKeys } from '../../src/operator/keys.ts';
import { childLabels, labels, type Role, specHashOf } from '../../src/operator/names.ts';
import type {
  CollectorSnapshot,
  PipelineSnapshot,
  SecretState,
  Secrets,
  WorkerObservation,
} from '../../src/operator/snapshot.ts';
import type { Revision } from '../../src/pipeline/revision/revision.ts';

export const namespace = 'team-a';
export const now = Date.parse('2026-11-21T12:00:00Z');
export const at = (secondsAgo: number) => `${new Date(now - secondsAgo * 1000).toISOString().slice(0, 19)}Z`;

export const config: DecisionConfig = {
  workerImage: 'registry.example.com/mailmill:1',
  workerImagePullPolicy: 'IfNotPresent',
  rolloutDeadlineMs: 600_000,
  rolloutConcurrency: 20,
  stallDeadlineMs: 900_000,
  collectorLookMs: 15_000,
  namespace: 'mailmill-system',
  watchNamespaces: [],
  keys: createKeys(Buffer.from('a key of the tests, long enough')),
};

export const imapSpec: MailboxSourceSpec = {
  imap: { host: 'imap.example.com', auth: { secretRef: { name: 'support-imap' } } },
};

export const pipelineSpec: EmailPipelineSpec = {
  source: { name: 'support' },
  sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'analytics-db' }, table: 'emails' } }],
};

/** As the API server would hold it. */
export const live = <T extends KubernetesObject>(object: T, uid = `uid-of-${object.metadata.name}`): Live<T> => ({
  ...object,
  metadata: { namespace, creationTimestamp: at(3600), ...object.metadata, uid, resourceVersion: '1' },
});

export const source = (spec: MailboxSourceSpec = imapSpec): Live<MailboxSource> =>
  live({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'MailboxSource',
    metadata: { name: 'support', generation: 1 },
    spec,
  });

export const pipeline = (
  spec: Partial<EmailPipelineSpec> = {},
  status?: EmailPipelineStatus,
  generation = 1,
): Live<EmailPipeline> =>
  live({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'EmailPipeline',
    metadata: { name: 'orders', generation },
    spec: { ...pipelineSpec, ...spec },
    ...(status === undefined ? {} : { status }),
  });

export const present = (...keys: string[]): SecretState => ({
  kind: 'Present',
  hmacs: new Map(keys.map((key) => [key, `hmac-of-${key}`])),
});

export const allSecrets: Secrets = new Map([
  ['support-imap', present('username', 'password')],
  ['analytics-db', present('uri')],
  ['mailmill-store', present('uri')],
]);

export function compiled(object: EmailPipeline = pipeline(), from = source()): Revision {
  const compilation = createCompiler().compile(live(object), from, () => []);
  if (compilation.kind !== 'Compiled') throw new Error(`does not compile: ${JSON.stringify(compilation)}`);
  return compilation.revision;
}

/** A snapshot of a new pipeline with everything it needs; `change` says what is different. */
export function snapshot(change: Partial<PipelineSnapshot> = {}): PipelineSnapshot {
  const object = change.pipeline ?? pipeline();
  const from = 'source' in change ? change.source : source();
  return {
    now,
    pipeline: object,
    specHash: specHashOf(object.spec),
    source: from,
    compilation: createCompiler().compile(object, from, () => ['support']),
    applied: undefined,
    secrets: allSecrets,
    readers: ['orders'],
    configMaps: [],
    deployment: undefined,
    podDisruptionBudget: undefined,
    cronJob: undefined,
    jobs: [],
    pods: [],
    workers: [],
    rolloutsUnderWay: 0,
    ...change,
  };
}

/** Of a source that takes no mail in. */
export const noCollector: CollectorSnapshot = {
  deployment: undefined,
  configMaps: [],
  existing: [],
  pods: [],
  workers: [],
};

export const hashOf = (revision: Revision, secrets: Secrets = allSecrets): string => {
  const keys = createCompiler().compile(pipeline(), source(), () => []);
  const hash = secretsHashOf(keys.kind === 'Compiled' ? keys.secrets : [], secrets, config);
  if (hash === undefined) throw new Error(`secrets of ${revision.hash} are missing`);
  return hash;
};

interface Rollout {
  readonly replicas?: number;
  readonly updated?: number;
  readonly available?: number;
  readonly total?: number;
  readonly progressing?: string;
  readonly lastGood?: string;
  readonly template?: EmailPipelineSpec['template'];
  readonly secretsHash?: string;
  /** Of the spec that it says it was made from; absent: it does not say. */
  readonly specHash?: string;
}

/** A Deployment as the API server and its controller would have it; rolled out unless `change` says otherwise. */
export function liveDeployment(revision: Revision, change: Rollout = {}): Live<Deployment> {
  const { replicas = 1, lastGood } = change;
  const { updated = replicas, available = replicas, total = Math.max(updated, available) } = change;
  const secretsHash = change.secretsHash ?? hashOf(revision);
  const plain = deployment({ revision, template: change.template, secretsHash, replicas }, config);
  const made = change.specHash === undefined ? plain : withOrigin(plain, change.specHash);
  const desired = withLastGood(made, lastGood);
  return live({
    ...desired,
    metadata: { ...desired.metadata, generation: 3 },
    status: {
      observedGeneration: 3,
      replicas: total,
      updatedReplicas: updated,
      availableReplicas: available,
      conditions:
        change.progressing === undefined
          ? []
          : [
              {
                type: 'Progressing',
                status: 'True',
                reason: change.progressing,
                lastTransitionTime: at(0),
                lastUpdateTime: at(0),
              },
            ],
    },
  });
}

const nightly = specHashOf({ ...pipelineSpec, schedule: '0 2 * * *' });
export function liveCronJob(revision: Revision, suspend = false, specHash = nightly): Live<CronJob> {
  const input = { revision, template: undefined, secretsHash: hashOf(revision), lastGood: revision.hash, specHash };
  return live(
    cronJob({ ...input, schedule: '0 2 * * *', work: {}, timeZone: undefined, suspend }, config),
    'uid-of-cronjob',
  );
}

export function liveCheck(
  revision: Revision,
  ended?: { readonly type: 'Complete' | 'Failed'; readonly ago: number },
): Live<Job> {
  const job = checkJob({ revision, template: undefined, secretsHash: hashOf(revision) }, config);
  const condition = ended && {
    type: ended.type,
    status: 'True',
    lastTransitionTime: at(ended.ago),
    message: 'it ended',
  };
  return live({ ...job, status: { startTime: at(120), conditions: condition === undefined ? [] : [condition] } });
}

export const liveConfigMap = (revision: Revision): Live<ConfigMap> => live(revisionConfigMap(revision));

/** A worker's pod; not ready unless `change` says so. */
export function pod(
  name: string,
  change: {
    readonly ready?: boolean;
    readonly role?: Role;
    readonly owner?: string;
    /** Told to end. */
    readonly ending?: boolean;
    readonly status?: Pod['status'];
  } = {},
): Live<Pod> {
  const { ready = false, role = 'stream', owner } = change;
  return live({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      labels: childLabels('orders', { [labels.role]: role }),
      ...(change.ending ? { deletionTimestamp: at(0) } : {}),
      ...(owner === undefined ? {} : { ownerReferences: [{ apiVersion: '', kind: '', name: '', uid: owner }] }),
    },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      ...change.status,
    },
  });
}

export const terminated = (exitCode: number, message?: string): Pod['status'] => ({
  phase: exitCode === 0 ? 'Succeeded' : 'Failed',
  containerStatuses: [
    {
      name: 'worker',
      image: '',
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { terminated: { exitCode, ...(message === undefined ? {} : { message }) } },
    },
  ],
});

const well = { ok: true, since: at(600) };

export const account = (change: Partial<AccountStatus> = {}): AccountStatus => ({
  source: 'support',
  account: 0,
  role: 'Holder',
  connection: well,
  folders: [{ name: 'INBOX', state: 'Live', checkedAt: at(30), lagMessages: 0, lagSeconds: 0 }],
  ...change,
});

export const ill = (code: string, message = 'it is wrong; mend it') => ({ ok: false, code, message, since: at(60) });

/** What a worker that is well says. */
export const workerStatus = (revision: Revision, change: Partial<PipelineStatus> = {}): PipelineStatus => ({
  namespace,
  pipeline: 'orders',
  revision: revision.hash,
  ready: true,
  store: well,
  sinks: [{ name: 'warehouse', ...well }],
  accounts: [account()],
  counters: { read: 10, delivered: 10, dropped: 0, dead: 0 },
  runs: [],
  ...change,
});

export const worker = (podName: string, status?: PipelineStatus): WorkerObservation => ({
  pod: podName,
  ...(status === undefined ? {} : { status, startedAt: now - 600_000 }),
});

/** Conditions as `type=status/reason`, in order: what a table compares. */
export const brief = (conditions: readonly Condition[] | undefined) =>
  (conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);

export const messageOf = (conditions: readonly Condition[] | undefined, type: string) =>
  conditions?.find((condition) => condition.type === type)?.message;

/** The status that a decision left, as the next decision finds it `secondsAgo` later. */
export const aged = (conditions: readonly Condition[] | undefined, secondsAgo: number): Condition[] =>
  (conditions ?? []).map((condition) => ({ ...condition, lastTransitionTime: at(secondsAgo) }));
