import { createHash } from 'node:crypto';
import { canonicalJson } from '../pipeline/revision/canonical-json.ts';

/** Labels of children; none of them is copied from the parent. */
export const labels = {
  managedBy: 'app.kubernetes.io/managed-by',
  pipeline: 'mailmill.io/pipeline',
  source: 'mailmill.io/source',
  revision: 'mailmill.io/revision',
  role: 'mailmill.io/role',
  run: 'mailmill.io/run',
} as const;

export const managedBy = 'mailmill';
/** Selects every child of every pipeline and source. */
export const childSelector = `${labels.managedBy}=${managedBy}`;

/** What a worker's pod is for: it streams, it runs to an end, checks a revision, compares it with the one that runs, or mailboxes with the store. */
export type Role = 'stream' | 'run' | 'check' | 'preflight' | 'reconcile';

export const annotations = {
  /** On a pod template: HMAC over the values of the referenced Secret keys. */
  secretsHash: 'mailmill.io/secrets-hash',
  /** On a workload: newest revision that became ready. */
  lastGood: 'mailmill.io/last-good-revision',
  /** On the CronJob of a reconcile: since when it runs at its times. */
  scheduledSince: 'mailmill.io/scheduled-since',
  /** On a workload: hash of the spec of its owner that it was made from. */
  spec: 'mailmill.io/spec',
  /** On a workload: hash of its pod template, of a CronJob with its schedule; Secrets apart. */
  template: 'mailmill.io/template',
} as const;

export const networkPolicyName = 'mailmill-workers';
/** Role that the chart makes and that a RoleBinding in a tenant's namespace grants. */
export const secretReaderRole = 'mailmill-secret-reader';
export const operatorServiceAccount = 'mailmill-operator';

/** First 10 hex digits of the SHA-256. */
export const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 10);

export const configMapName = (pipeline: string, revision: string) => `${pipeline}-${revision}`;

/** A check is repeated under another name when the values of its Secrets or its image change. */
export const checkJobName = (pipeline: string, revision: string, secretsHash: string, image: string) =>
  `${pipeline}-check-${shortHash([revision, secretsHash, image].join('\0'))}`;

/** So is a preflight. */
export const preflightJobName = (
  pipeline: string,
  revision: string,
  baseline: string,
  secretsHash: string,
  image: string,
) => `${pipeline}-preflight-${shortHash([revision, baseline, secretsHash, image].join('\0'))}`;

/** First 16 hex digits of the SHA-256 of the canonical spec: with the name it is the key of a run in the store. */
export const runSpecHash = (spec: unknown) =>
  createHash('sha256').update(canonicalJson(spec)).digest('hex').slice(0, 16);

export const runJobName = (pipeline: string, run: string, specHash: string) =>
  `${pipeline}-run-${shortHash([run, specHash].join('\0'))}`;

/** CronJobs have at most 52 characters, and the archiver of a source has up to 50. */
const mostOfReconcile = 42;

/** CronJob that compares the mailboxes of a pipeline with the store. */
export const reconcileName = (pipeline: string) =>
  `${pipeline.length <= mostOfReconcile ? pipeline : `${pipeline.slice(0, mostOfReconcile - 11)}-${shortHash(pipeline)}`}-reconcile`;

const specHashes = new WeakMap<object, string>();

/** Hash of a spec as its owner wrote it, apart from what changes no workload but its size. */
export function specHashOf(spec: object): string {
  const known = specHashes.get(spec);
  if (known !== undefined) return known;
  const own = Object.entries(spec).filter(([name]) => !['replicas', 'suspend', 'rollout', 'reconcile'].includes(name));
  const hash = shortHash(canonicalJson(Object.fromEntries(own)));
  specHashes.set(spec, hash);
  return hash;
}

/** Labels of any child of a pipeline. */
export const childLabels = (pipeline: string, more: Readonly<Record<string, string>> = {}) => ({
  [labels.managedBy]: managedBy,
  [labels.pipeline]: pipeline,
  ...more,
});

/** Deployment of a source that takes mail in, and what belongs to it. */
export const collectorName = (source: string) => `${source}-collector`;

/** Its own in the place of a pipeline's name, which has no slash: who has a pipeline's token cannot ask a collector. */
export const collectorTokenName = (source: string) => `source/${source}`;

/** Labels of any child of a source. */
export const sourceLabels = (source: string, more: Readonly<Record<string, string>> = {}) => ({
  [labels.managedBy]: managedBy,
  [labels.source]: source,
  ...more,
});

/** Labels that select the pods of a source's collector. */
export const collectorSelector = (source: string) => sourceLabels(source, { [labels.role]: 'collector' });

/** Labels that select the workers of a streaming pipeline. */
export const workerSelector = (pipeline: string) => childLabels(pipeline, { [labels.role]: 'stream' satisfies Role });

/** A label selector as text. */
export const selectorText = (selector: Readonly<Record<string, string>>) =>
  Object.entries(selector)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
