import type { EmailPipeline } from '../../kubernetes/objects.ts';
import type { Revision } from '../../pipeline/revision.ts';
import { no, unknown, type Verdict, yes } from '../conditions.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import { plural } from '../text.ts';
import { isScheduled, isSuspended } from './decision.ts';

/** Leases that the workers of a revision share out among them: one for each account, and one worker at a time holds it. */
export const leasesOf = ({ sources }: Revision): number => sources.reduce((sum, source) => sum + accountsOf(source), 0);

/** Accounts of a source: one login, or one directory of files. */
const accountsOf = (_source: Revision['sources'][number]): number => 1;

/** Workers that have something to do: one for each lease, and one that stands by. */
const usefulReplicas = (revision: Revision) => leasesOf(revision) + 1;

/** Workers that a streaming pipeline should have: as asked for, and no more than `revision` has use for. */
export function replicasOf(pipeline: EmailPipeline, revision: Revision | undefined): number {
  if (isSuspended(pipeline)) return 0;
  const asked = pipeline.spec.replicas ?? 1;
  return revision === undefined ? asked : Math.min(asked, usefulReplicas(revision));
}

/** Whether fewer workers run than were asked for; `undefined` where nobody asked for a number. */
export function replicasVerdict({ pipeline, compilation, applied }: PipelineSnapshot): Verdict | undefined {
  const asked = pipeline.spec.replicas;
  if (asked === undefined || isScheduled(pipeline)) return undefined;
  const revision = compilation.kind === 'Compiled' ? compilation.revision : applied;
  if (revision === undefined)
    return unknown('NotCompiled', 'how many accounts there are is known once the pipeline compiles');
  const most = usefulReplicas(revision);
  const accounts = plural(leasesOf(revision), 'account');
  if (asked <= most)
    return no('NotLimited', `spec.replicas is ${asked}, for ${accounts} and one worker that stands by`);
  const message = `spec.replicas is ${asked}, and ${most} workers run: one for each account (${leasesOf(revision)}), and one that stands by`;
  return yes('MoreThanAccounts', message);
}
