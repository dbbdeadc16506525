import type { LastReconcile } from '../../api/last-reconcile.ts';
import type { ReconcileFound } from '../../api/worker-status.ts';
import type { CronJob } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { reconcileCronJob } from '../build/reconcile-job.ts';
import { no, unknown, type Verdict, yes } from '../conditions.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations } from '../names.ts';
import { resultOfJob } from '../pods.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import { plural } from '../text.ts';
import { type Deletion, isSuspended, type Patch } from './decision.ts';
import { fromJob, fromResult, newestEnded } from './last-run.ts';

/** What is to be done so that the mailboxes of a pipeline are compared with the store, and what was found. */
export interface ReconcileDecision {
  readonly objects: readonly CronJob[];
  readonly patches: readonly Patch[];
  readonly deletions: readonly Deletion[];
  readonly last: LastReconcile | undefined;
  /** Absent: nobody asks. */
  readonly verdict: Verdict | undefined;
}

/** @param revision what the pipeline compiles to, once it became ready; before, what is there stays as it is. */
export function decideReconcile(
  snapshot: PipelineSnapshot,
  revision: Revision | undefined,
  config: DecisionConfig,
): ReconcileDecision {
  const { pipeline, reconciler: live } = snapshot;
  const { reconcile: asked, template } = pipeline.spec;
  if (asked === undefined) {
    const deletions = live === undefined ? [] : [{ object: live, why: 'spec.reconcile is gone' }];
    return { objects: [], patches: [], deletions, last: undefined, verdict: undefined };
  }
  const last = lastReconcileOf(snapshot);
  const told = { deletions: [], last, verdict: verdictOf(last) };
  const suspend = isSuspended(pipeline);
  if (revision === undefined) {
    const differs = live !== undefined && (live.spec?.suspend ?? false) !== suspend;
    const why = suspend ? 'suspended' : 'resumed';
    return { ...told, objects: [], patches: differs ? [{ object: live, patch: resume(snapshot, suspend), why }] : [] };
  }
  const { schedule, timeZone } = asked;
  const made = (since: string) => reconcileCronJob({ revision, template, schedule, timeZone, suspend, since }, config);
  const now = made(timeOf(snapshot));
  const since = sameTimes(now, live) ? live?.metadata.annotations?.[annotations.scheduledSince] : undefined;
  return { ...told, objects: [since === undefined ? now : made(since)], patches: [] };
}

const timeOf = ({ now }: PipelineSnapshot) => `${new Date(now).toISOString().slice(0, 19)}Z`;

/** Who resumes is not late from before. */
const resume = (snapshot: PipelineSnapshot, suspend: boolean) => ({
  metadata: { annotations: { [annotations.scheduledSince]: timeOf(snapshot) } },
  spec: { suspend },
});

const sameTimes = ({ spec }: CronJob, live: CronJob | undefined) =>
  live?.spec?.schedule === spec?.schedule &&
  live?.spec?.timeZone === spec?.timeZone &&
  (live?.spec?.suspend ?? false) === spec?.suspend;

/** Job and pod may be gone again: what the status has of the newest one stays until a newer one has ended. */
function lastReconcileOf({ pipeline, reconciler, jobs, pods }: PipelineSnapshot): LastReconcile | undefined {
  const before = pipeline.status?.lastReconcile;
  const job = newestEnded(jobs, 'reconcile', reconciler?.metadata.uid);
  if (job === undefined) return before;
  const result = resultOfJob(job, pods);
  const { name } = job.metadata;
  const run = { ...fromJob(job), ...(result && fromResult(result)) };
  if (before?.name === name ? result === undefined : (before?.startedAt ?? '') > (run.startedAt ?? '')) return before;
  const { startedAt, finishedAt, message } = run;
  const state = run.state === 'Succeeded' ? 'Succeeded' : 'Failed';
  // Without figures nothing is proven: its pod is not seen yet, or is gone for good.
  if (state === 'Succeeded' && result?.reconcile === undefined) return before;
  const succeededAt = state === 'Succeeded' ? finishedAt : before?.succeededAt;
  return {
    ...{ name, state },
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(succeededAt === undefined ? {} : { succeededAt }),
    ...(message === undefined ? {} : { message }),
    ...countsOf(result?.reconcile ?? before),
  };
}

/** What the status says of a pipeline that was compared. */
function countsOf(of: ReconcileFound | LastReconcile | undefined) {
  if (of?.listed === undefined) return {};
  const { accounts, unread, folders, listed, recorded, dead, excluded, unfinished, missing, gone } = of;
  return { accounts, unread, folders, listed, recorded, dead, excluded, unfinished, missing, gone };
}

function verdictOf(last: LastReconcile | undefined): Verdict {
  if (last === undefined)
    return unknown('NotYetReconciled', 'the mailboxes were not compared with the store yet; see spec.reconcile');
  const { name, state, message, listed = 0, recorded = 0, missing = 0, unfinished = 0 } = last;
  if (missing > 0) {
    const what = `${plural(missing, 'message')} of ${listed} in the mailboxes ${missing === 1 ? 'was' : 'were'} finished and never recorded`;
    return no(
      'MessagesMissing',
      `${what}: kubectl mailmill reconcile names the folders and UIDs, an EmailPipelineRun with load: Full reads everything again`,
    );
  }
  if (state === 'Failed')
    return unknown(
      'ReconcileFailed',
      `${name} could not compare every mailbox: ${message ?? 'see the log of its pod'}`,
    );
  return yes(
    'NothingMissing',
    `${listed} messages in the mailboxes, ${recorded} recorded, ${unfinished} not finished yet, none missing`,
  );
}
