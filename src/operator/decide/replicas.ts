import type { EmailPipeline } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { type Verdict, yes } from '../conditions.ts';
import type { PipelineSnapshot, WorkerObservation } from '../snapshot.ts';
import { isScheduled, isSuspended } from './decision.ts';

type Source = Revision['sources'][number];
/** What the size of a workload depends on. */
type Sized = Pick<PipelineSnapshot, 'pipeline' | 'deployment' | 'workers'>;

/** As many are of use while nobody knows the number of accounts: one of the first lease, and one that stands by. */
const untilTold = 2;
const moreThanAccounts = 'MoreThanAccounts';

/** A list, or the archive, says how many accounts there are; every other source is one. */
const isListed = ({ imap, archived }: Source) => imap?.accounts !== undefined || archived !== undefined;

/**
 * Leases that the workers of a revision share out among them, one for each account. Lists and archives are read by workers alone, who tell
 * how many accounts they have found there; `undefined` as long as nobody has told.
 */
export function leasesOf({ sources }: Revision, workers: readonly WorkerObservation[]): number | undefined {
  const told = sources.map((source) => {
    if (!isListed(source)) return 1;
    const lists = workers.flatMap(({ status }) => status?.sources?.filter((list) => list.source === source.name) ?? []);
    return lists.length === 0 ? undefined : Math.max(...lists.map(({ accounts }) => accounts));
  });
  return told.reduce<number | undefined>(
    (sum, leases) => (sum === undefined || leases === undefined ? undefined : sum + leases),
    0,
  );
}

/** Of a streaming pipeline: nobody is to work. */
export const isStopped = (pipeline: EmailPipeline): boolean =>
  isSuspended(pipeline) || (pipeline.spec.replicas ?? 1) === 0;

/** Workers that a streaming pipeline should have: as asked for, and no more than `revision` has use for. */
export function replicasOf(sized: Sized, revision: Revision | undefined): number {
  const { pipeline } = sized;
  if (isStopped(pipeline)) return 0;
  const asked = pipeline.spec.replicas ?? 1;
  return revision === undefined ? asked : Math.min(asked, mostOf(sized, revision));
}

/** The condition that told that there are fewer accounts than workers were asked for, if it did. */
const limitedBefore = ({ status }: EmailPipeline) =>
  status?.conditions?.find(
    ({ type, status: held, reason }) => type === 'ReplicasLimited' && held === 'True' && reason === moreThanAccounts,
  );

/** Workers that have something to do: one for each lease, and one that stands by. */
function mostOf(sized: Sized, revision: Revision): number {
  const { pipeline, deployment, workers } = sized;
  const leases = leasesOf(revision, workers);
  if (leases !== undefined) return leases + 1;
  // Who does not answer may be well all the same: that must limit nobody who was not limited before.
  const silent = workers.length > 0 && workers.every(({ status, unasked }) => status === undefined && !unasked);
  if (silent && limitedBefore(pipeline) === undefined) return Infinity;
  return Math.max(untilTold, deployment?.spec?.replicas ?? 0);
}

/** That fewer workers run than were asked for; `undefined` where as many run. */
export function replicasVerdict(snapshot: PipelineSnapshot): Verdict | undefined {
  const { pipeline, compilation, applied, workers } = snapshot;
  const asked = pipeline.spec.replicas;
  const revision = compilation.kind === 'Compiled' ? compilation.revision : applied;
  if (asked === undefined || revision === undefined || isScheduled(pipeline) || isSuspended(pipeline)) return undefined;
  const most = mostOf(snapshot, revision);
  if (asked <= most) return undefined;
  const leases = leasesOf(revision, workers);
  if (leases !== undefined) {
    const message = `spec.replicas is ${asked}, and ${most} workers run: one for each account (${leases}), and one that stands by`;
    return yes(moreThanAccounts, message);
  }
  const before = limitedBefore(pipeline);
  if (before !== undefined) return yes(before.reason, before.message);
  const message = `spec.replicas is ${asked}, and ${most} workers run until one of them has told how many accounts there are`;
  return yes('AccountsNotKnown', message);
}
