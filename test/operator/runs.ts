import type { EmailPipelineRunStatus } from '../../src/api/email-pipeline-run.ts';
import type { RunResult } from '../../src/api/worker-status.ts';
import type { EmailPipelineRun, Job, Live } from '../../src/kubernetes/objects.ts';
import { runJob } from '../../src/operator/build/jobs.ts';
import { decideRun } from '../../src/operator/decide/run.ts';
import { runSpecHash } from '../../src/operator/names.ts';
import type { RunSnapshot } from '../../src/operator/snapshot.ts';
import { allSecrets, at, compiled, config, live, now, pipeline, worker, workerStatus } from './fixtures.ts';

export const revision = compiled();
export const spec = { pipeline: { name: 'orders' } };
export const specHash = runSpecHash(spec);
export const runOf = (
  of: EmailPipelineRun['spec'],
  status?: EmailPipelineRunStatus,
  name = 'now',
  creationTimestamp?: string,
) =>
  live<EmailPipelineRun>({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'EmailPipelineRun',
    metadata: { name, generation: 1, ...(creationTimestamp === undefined ? {} : { creationTimestamp }) },
    spec: of,
    ...(status === undefined ? {} : { status }),
  });
export const run = (status?: EmailPipelineRunStatus) => runOf(spec, status);

export const decide = (change: Partial<RunSnapshot> = {}) =>
  decideRun(
    {
      now,
      run: run(),
      others: [],
      pipeline: pipeline(),
      lastGood: revision,
      secrets: allSecrets,
      job: undefined,
      pods: [],
      jobWorkers: [],
      workers: [worker('orders-1', workerStatus(revision))],
      ...change,
    },
    config,
  );

export const result = (change: Partial<RunResult> = {}): RunResult => ({
  name: 'now',
  specHash,
  revision: revision.hash,
  state: 'Succeeded',
  startedAt: at(60),
  finishedAt: at(30),
  read: 3,
  delivered: 2,
  dropped: 1,
  dead: 0,
  ...change,
});
export const shows = (one: RunResult) => ({ workers: [worker('orders-1', workerStatus(revision, { runs: [one] }))] });

export const job = (type?: 'Complete' | 'Failed'): Live<Job> => {
  const desired = runJob({ revision, template: undefined, run: 'now', specHash, work: {} }, config);
  const conditions =
    type === undefined ? [] : [{ type, status: 'True', lastTransitionTime: at(5), message: 'backoff limit reached' }];
  return live({ ...desired, status: { startTime: at(60), conditions } });
};
