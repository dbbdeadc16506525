import type { EmailPipelineSpec } from '../../api/email-pipeline.ts';
import type { RunWork } from '../../api/email-pipeline-run.ts';
import type { CronJob, Job } from '../../kubernetes/objects.ts';
import { canonicalJson } from '../../pipeline/revision/canonical-json.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { exitCodes } from '../../telemetry/errors.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations, checkJobName, childLabels, labels, preflightJobName, runJobName, shortHash } from '../names.ts';
import { containerName, podTemplate, withoutSecrets } from './pod.ts';

type JobSpec = NonNullable<Job['spec']>;

interface JobInput {
  readonly revision: Revision;
  readonly template: EmailPipelineSpec['template'];
  readonly secretsHash: string;
}

/** A started run may begin this late, after an outage of the cluster. */
export const startingDeadlineSeconds = 3_600;
/** An ended Job is kept as long. */
export const keepSeconds = 86_400;

/** What needs a person fails at once; an eviction does not count; everything else is tried again. */
export const podFailurePolicy: JobSpec['podFailurePolicy'] = {
  rules: [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    {
      action: 'FailJob',
      onExitCodes: { containerName, operator: 'In', values: [exitCodes.Stalled] },
    },
  ],
};

/** The name of the Job, for what its pod is told. */
export const jobNameEnv = {
  name: 'MAILMILL_RUN',
  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
};

/** The workload of a scheduled pipeline; each of its Jobs is a run of its own name. */
export function cronJob(
  input: JobInput & {
    readonly schedule: string;
    readonly work: RunWork;
    readonly timeZone: string | undefined;
    readonly suspend: boolean;
    readonly lastGood: string | undefined;
    readonly specHash: string;
  },
  config: DecisionConfig,
): CronJob {
  const { namespace, pipeline } = input.revision;
  const { schedule, timeZone = 'Etc/UTC' } = input;
  const template = podTemplate(
    {
      ...input,
      role: 'run',
      args: ['--once', '--run', '$(MAILMILL_RUN)', ...spec(input.work)],
      env: [jobNameEnv],
    },
    config,
  );
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name: pipeline,
      namespace,
      labels: childLabels(pipeline),
      annotations: {
        ...(input.lastGood === undefined ? {} : { [annotations.lastGood]: input.lastGood }),
        [annotations.spec]: input.specHash,
        [annotations.template]: shortHash(canonicalJson({ schedule, timeZone, template: withoutSecrets(template) })),
      },
    },
    spec: {
      schedule,
      timeZone,
      suspend: input.suspend,
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds,
      successfulJobsHistoryLimit: 3,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels: childLabels(pipeline, { [labels.role]: 'run' }) },
        spec: { backoffLimit: 3, ttlSecondsAfterFinished: keepSeconds, podFailurePolicy, template },
      },
    },
  };
}

/** Logs in and checks store and sinks with a revision: makes it good without a Deployment. */
export function checkJob(input: JobInput, config: DecisionConfig): Job {
  const { namespace, pipeline, hash } = input.revision;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: checkJobName(pipeline, hash, input.secretsHash, config.workerImage),
      namespace,
      labels: childLabels(pipeline, { [labels.revision]: hash, [labels.role]: 'check' }),
    },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: Math.ceil(config.rolloutDeadlineMs / 1000),
      ttlSecondsAfterFinished: keepSeconds,
      podFailurePolicy,
      template: podTemplate({ ...input, role: 'check', args: ['--check'] }, config),
    },
  };
}

/** Compares a revision with the one that runs. It stays until another is compared: what it found holds for as long. */
export function preflightJob(
  input: JobInput & {
    readonly baseline: string;
    /** That revision, while its ConfigMap is there. */
    readonly beside: Revision | undefined;
    readonly messages: number;
    readonly maxErrorRate: number;
  },
  config: DecisionConfig,
): Job {
  const { namespace, pipeline, hash } = input.revision;
  const { baseline, beside, messages, maxErrorRate } = input;
  const options = canonicalJson({ baseline, messages, maxErrorRate });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: preflightJobName(pipeline, hash, options, input.secretsHash, config.workerImage),
      namespace,
      labels: childLabels(pipeline, { [labels.revision]: hash, [labels.role]: 'preflight' }),
    },
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: Math.ceil(config.rolloutDeadlineMs / 1000),
      podFailurePolicy,
      template: podTemplate(
        { ...input, role: 'preflight', args: ['--preflight', options], ...(beside && { beside }) },
        config,
      ),
    },
  };
}

/** What a worker is told beside the name; nothing where it reads what is new. */
const spec = (work: RunWork) => (Object.keys(work).length === 0 ? [] : ['--spec', canonicalJson(work)]);

/** One run on demand. */
export function runJob(
  input: Omit<JobInput, 'secretsHash'> & { readonly run: string; readonly specHash: string; readonly work: RunWork },
  config: DecisionConfig,
): Job {
  const { namespace, pipeline, hash } = input.revision;
  const runLabels = { [labels.run]: input.run };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: runJobName(pipeline, input.run, input.specHash),
      namespace,
      labels: childLabels(pipeline, { [labels.revision]: hash, [labels.role]: 'run', ...runLabels }),
    },
    spec: {
      backoffLimit: 3,
      ttlSecondsAfterFinished: keepSeconds,
      podFailurePolicy,
      template: podTemplate(
        {
          ...input,
          role: 'run',
          args: ['--once', '--run', input.run, '--spec-hash', input.specHash, ...spec(input.work)],
          labels: runLabels,
        },
        config,
      ),
    },
  };
}
