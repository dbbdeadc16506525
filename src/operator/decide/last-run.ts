import type { LastRun } from '../../api/email-pipeline.ts';
import type { RunResult } from '../../api/worker-status.ts';
import type { Job } from '../../kubernetes/objects.ts';
import type { Role } from '../names.ts';
import { jobState, resultOfJob, roleOf } from '../pods.ts';
import type { PipelineSnapshot } from '../snapshot.ts';

/** The newest finished run of the CronJob, and whether a person must act because of it. */
export interface LastRunDecision {
  readonly lastRun: LastRun | undefined;
  readonly stalled: boolean;
}

/** Job and pod may be gone again: what the status has of the newest run stays until a newer one finished. */
export function decideLastRun(snapshot: PipelineSnapshot): LastRunDecision {
  const { pipeline, jobs, pods, cronJob } = snapshot;
  const before = pipeline.status?.lastRun;
  const wasStalled =
    pipeline.status?.conditions?.some(
      ({ type, status, reason }) => type === 'Stalled' && status === 'True' && reason === 'RunFailed',
    ) ?? false;
  const newest = newestEnded(jobs, 'run', cronJob?.metadata.uid);
  if (newest === undefined) return { lastRun: before, stalled: wasStalled };
  const result = resultOfJob(newest, pods);
  const lastRun = { ...fromJob(newest), ...(result && fromResult(result)), name: newest.metadata.name };
  if (before !== undefined) {
    if (before.name !== lastRun.name && (before.startedAt ?? '') > (lastRun.startedAt ?? '')) {
      return { lastRun: before, stalled: wasStalled };
    }
    // The pod with the figures is gone; they are known from before.
    if (before.name === lastRun.name && result === undefined) return { lastRun: before, stalled: wasStalled };
  }
  return { lastRun, stalled: lastRun.state === 'Failed' && result?.family === 'Stalled' };
}

/** The newest Job of a CronJob, by its uid, that has ended. */
export const newestEnded = <J extends Job>(
  jobs: readonly J[],
  role: Role,
  cronJob: string | undefined,
): J | undefined =>
  jobs
    .filter((job) => roleOf(job) === role && isOf(job, cronJob) && jobState(job).state !== 'Running')
    .sort((a, b) => (startOf(a) < startOf(b) ? -1 : 1))
    .at(-1);

const isOf = (job: Job, uid: string | undefined) =>
  uid !== undefined && (job.metadata.ownerReferences?.some((owner) => owner.uid === uid) ?? false);

const startOf = (job: Job) => `${job.status?.startTime ?? job.metadata.creationTimestamp ?? ''}/${job.metadata.name}`;

/** What a Job itself tells of its run. */
export function fromJob(job: Job): LastRun {
  const { state, at, message } = jobState(job);
  return {
    name: job.metadata.name,
    state,
    ...(job.status?.startTime === undefined ? {} : { startedAt: job.status.startTime }),
    ...(at === undefined ? {} : { finishedAt: at }),
    ...(message === undefined ? {} : { message: message.slice(0, 1024) }),
  };
}

/** What status says of a run's result; the state is the Job's unless the run itself ended. */
export function fromResult(result: RunResult): Omit<LastRun, 'name'> {
  const { startedAt, finishedAt, read, delivered, dropped, dead, code, message } = result;
  return {
    // One that was told to end goes on in the next process.
    state: result.state === 'Cancelled' ? 'Running' : result.state,
    startedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    read,
    delivered,
    dropped,
    dead,
    ...(code === undefined ? {} : { message: `${code}: ${message ?? ''}`.slice(0, 1024) }),
  };
}
