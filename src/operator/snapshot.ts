import type { CollectorStatus } from '../api/collector-status.ts';
import type { PipelineStatus } from '../api/worker-status.ts';
import type {
  ConfigMap,
  CronJob,
  Deployment,
  EmailPipeline,
  EmailPipelineRun,
  Job,
  KubernetesObject,
  Live,
  MailboxSource,
  Pod,
  PodDisruptionBudget,
} from '../kubernetes/objects.ts';
import type { CollectorRevision } from '../pipeline/collector/revision.ts';
import type { Revision, SecretKey } from '../pipeline/revision/revision.ts';

/** One thing that is wrong with a spec. */
export interface SpecIssue {
  /** Whose spec: `EmailPipeline` or `MailboxSource`. */
  readonly kind: 'EmailPipeline' | 'MailboxSource';
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
  /** Where it is not the spec alone that is wrong. */
  readonly reason?: 'NameTaken';
}

/** What a pipeline and its source compile to. */
export type Compilation =
  | { readonly kind: 'Compiled'; readonly revision: Revision; readonly secrets: readonly SecretKey[] }
  | { readonly kind: 'SourceMissing'; readonly suggestion?: string }
  | { readonly kind: 'Invalid'; readonly issues: readonly SpecIssue[] };

/** What is known of a Secret: never a value. */
export type SecretState =
  | { readonly kind: 'Missing' }
  /** RBAC keeps the operator from reading it. */
  | { readonly kind: 'Forbidden' }
  /** HMAC of each value by key; the HMAC of an empty value is empty. */
  | { readonly kind: 'Present'; readonly hmacs: ReadonlyMap<string, string> };

export type Secrets = ReadonlyMap<string, SecretState>;

/** What a look at a worker's `/status` brought. */
export interface WorkerObservation {
  readonly pod: string;
  /** It was not looked at yet: nothing is known. */
  readonly unasked?: true;
  /** Absent: it did not answer, or was not asked yet. */
  readonly status?: PipelineStatus;
  /** When the worker started; epoch milliseconds. */
  readonly startedAt?: number;
  /** Milliseconds since the last commit changed, and the lag when it did; while there is lag. */
  readonly lag?: { readonly sinceMs: number; readonly before: number; readonly now: number };
}

/** Everything that a decision about one pipeline may look at, at one moment. */
export interface PipelineSnapshot {
  /** Epoch milliseconds. */
  readonly now: number;
  readonly pipeline: Live<EmailPipeline>;
  /** Of the spec that the pipeline is made of: its own, or that of the source whose archiver it is. */
  readonly specHash: string;
  readonly source: Live<MailboxSource> | undefined;
  readonly compilation: Compilation;
  /** The revision that the live workload runs, or the last good one where there is no workload (any more), as its ConfigMap has it. */
  readonly applied: Revision | undefined;
  /** Secrets that the compiled or the applied revision names. */
  readonly secrets: Secrets;
  /** Names of all pipelines that read the same source, this one included; sorted. */
  readonly readers: readonly string[];
  readonly configMaps: readonly Live<ConfigMap>[];
  readonly deployment: Live<Deployment> | undefined;
  readonly podDisruptionBudget: Live<PodDisruptionBudget> | undefined;
  readonly cronJob: Live<CronJob> | undefined;
  /** Of the comparison of its mailboxes with the store. */
  readonly reconciler?: Live<CronJob> | undefined;
  /** Checks, scheduled runs and comparisons. */
  readonly jobs: readonly Live<Job>[];
  readonly pods: readonly Live<Pod>[];
  readonly workers: readonly WorkerObservation[];
  /** Other workloads that roll now. */
  readonly rolloutsUnderWay: number;
}

/** Everything that a decision about one run on demand may look at. */
export interface RunSnapshot {
  readonly now: number;
  readonly run: Live<EmailPipelineRun>;
  /** Other runs of the same pipeline that are not over. */
  readonly others: readonly Live<EmailPipelineRun>[];
  readonly pipeline: Live<EmailPipeline> | undefined;
  /** Newest revision of the pipeline that became ready, as its ConfigMap has it. */
  readonly lastGood: Revision | undefined;
  /** Secrets that it names, while there is no Job yet. */
  readonly secrets: Secrets;
  readonly job: Live<Job> | undefined;
  /** Pods of that Job. */
  readonly pods: readonly Live<Pod>[];
  /** What those said. */
  readonly jobWorkers: readonly WorkerObservation[];
  /** Workers of the streaming pipeline that are ready, and what they said. */
  readonly workers: readonly WorkerObservation[];
}

/** Everything that a decision about one source may look at. */
export interface SourceSnapshot {
  readonly now: number;
  readonly source: Live<MailboxSource>;
  readonly issues: readonly SpecIssue[];
  readonly secretKeys: readonly SecretKey[];
  readonly secrets: Secrets;
  /** Names of the pipelines that read it; sorted. */
  readonly readers: readonly string[];
  readonly collector: CollectorSnapshot;
  /** Of a source with an archive: what reads it, as the pipeline that it is. */
  readonly archiver?: Omit<PipelineSnapshot, 'rolloutsUnderWay'>;
  /** Other workloads that roll now. */
  readonly rolloutsUnderWay?: number;
}

/** The collector of a source, as far as there is one. */
export interface CollectorSnapshot {
  /** The compiled source; absent: it takes no mail in, or is not valid. */
  readonly revision?: CollectorRevision;
  readonly deployment: Live<Deployment> | undefined;
  readonly configMaps: readonly Live<ConfigMap>[];
  /** Every child of the source, those two included. */
  readonly existing: readonly Live<KubernetesObject>[];
  readonly pods: readonly Live<Pod>[];
  /** What they said; without a status: no answer. */
  readonly workers: readonly { readonly pod: string; readonly status?: CollectorStatus }[];
}
