import type { EmailPipeline } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { type Verdict, yes } from '../conditions.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import { isScheduled, isSuspended } from './decision.ts';

/** Leases that the workers of a revision share out among them, one for each account; `undefined` where a list of accounts, or the archive, says how many. */
export function leasesOf({ sources }: Revision): number | undefined {
  return sources.some(({ imap, archived }) => imap?.accounts !== undefined || archived !== undefined)
    ? undefined
    : sources.length;
}

/** Workers that have something to do: one for each lease, and one that stands by. */
const usefulReplicas = (revision: Revision) => (leasesOf(revision) ?? Infinity) + 1;

/** Workers that a streaming pipeline should have: as asked for, and no more than `revision` has use for. */
export function replicasOf(pipeline: EmailPipeline, revision: Revision | undefined): number {
  if (isSuspended(pipeline)) return 0;
  const asked = pipeline.spec.replicas ?? 1;
  return revision === undefined ? asked : Math.min(asked, usefulReplicas(revision));
}

/** That fewer workers run than were asked for; `undefined` where as many run, or it is not known how many are of use. */
export function replicasVerdict({ pipeline, compilation, applied }: PipelineSnapshot): Verdict | undefined {
  const asked = pipeline.spec.replicas;
  const revision = compilation.kind === 'Compiled' ? compilation.revision : applied;
  if (asked === undefined || revision === undefined || isScheduled(pipeline)) return undefined;
  const most = usefulReplicas(revision);
  if (asked <= most) return undefined;
  const message = `spec.replicas is ${asked}, and ${most} workers run: one for each account (${leasesOf(revision)}), and one that stands by`;
  return yes('MoreThanAccounts', message);
}
