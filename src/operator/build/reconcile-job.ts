import type { EmailPipelineSpec } from '../../api/email-pipeline.ts';
import type { CronJob } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations, childLabels, labels, reconcileName } from '../names.ts';
import { jobNameEnv, keepSeconds, podFailurePolicy, startingDeadlineSeconds } from './jobs.ts';
import { podTemplate } from './pod.ts';

/** Seconds that one may take: it lists mailboxes, and waits for its turn at their connections. */
const deadlineSeconds = 6 * 3_600;

interface ReconcileInput {
  /** Newest that became ready. */
  readonly revision: Revision;
  readonly template: EmailPipelineSpec['template'];
  readonly schedule: string;
  readonly timeZone: string | undefined;
  readonly suspend: boolean;
  /** Since when it runs at these times; RFC 3339. */
  readonly since: string;
}

/** Compares the mailboxes of a pipeline with the store at its times, beside the workload that reads them. */
export function reconcileCronJob(input: ReconcileInput, config: DecisionConfig): CronJob {
  const { revision, template, schedule, timeZone = 'Etc/UTC', suspend, since } = input;
  const { namespace, pipeline } = revision;
  const ownLabels = childLabels(pipeline, { [labels.role]: 'reconcile' });
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name: reconcileName(pipeline),
      namespace,
      labels: ownLabels,
      annotations: { [annotations.scheduledSince]: since },
    },
    spec: {
      ...{ schedule, timeZone, suspend },
      concurrencyPolicy: 'Forbid',
      startingDeadlineSeconds,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 1,
      jobTemplate: {
        metadata: { labels: ownLabels },
        spec: {
          backoffLimit: 2,
          activeDeadlineSeconds: deadlineSeconds,
          ttlSecondsAfterFinished: keepSeconds,
          podFailurePolicy,
          template: podTemplate(
            { revision, template, role: 'reconcile', args: ['--reconcile', '$(MAILMILL_RUN)'], env: [jobNameEnv] },
            config,
          ),
        },
      },
    },
  };
}
