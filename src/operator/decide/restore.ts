import { isTimeZone, scheduleProblem } from '../../api/schedule.ts';
import { referencedSecrets } from '../../pipeline/revision/compile.ts';
import { deployment, withLastGood, withOrigin } from '../build/deployment.ts';
import { cronJob } from '../build/jobs.ts';
import type { DecisionConfig } from '../config.ts';
import type { PipelineSnapshot } from '../snapshot.ts';
import { type Child, isScheduled, isSuspended, lastGoodOf, rollingSecrets, secretsHashOf } from './decision.ts';
import { replicasOf } from './replicas.ts';

/** It was made from no spec that anybody can edit: whatever comes next is an edit, and waits for nobody. */
const noSpec = 'restored';

/**
 * The workload of the last good revision, where somebody deleted it while the present generation may not be applied, or not yet: nothing else would
 * bring the mail back before that one is mended. Size, schedule and pod template are those of the spec, which no revision has.
 */
export function restored(snapshot: PipelineSnapshot, config: DecisionConfig): readonly Child[] {
  const { pipeline, applied: revision, secrets } = snapshot;
  const { template, schedule = '', timeZone, load } = pipeline.spec;
  if (snapshot.deployment !== undefined || snapshot.cronJob !== undefined) return [];
  if (revision === undefined || revision.hash !== lastGoodOf(snapshot) || isSuspended(pipeline)) return [];
  const secretsHash = secretsHashOf(rollingSecrets(referencedSecrets(revision), revision), secrets, config);
  if (secretsHash === undefined) return [];
  const input = { revision, template, secretsHash };
  const lastGood = revision.hash;
  if (isScheduled(pipeline)) {
    if (scheduleProblem(schedule) !== undefined || !isTimeZone(timeZone ?? 'Etc/UTC')) return [];
    const work = load === 'Full' ? { load } : {};
    return [cronJob({ ...input, schedule, work, timeZone, suspend: false, lastGood, specHash: noSpec }, config)];
  }
  const replicas = replicasOf(snapshot, revision);
  return replicas === 0 ? [] : [withLastGood(withOrigin(deployment({ ...input, replicas }, config), noSpec), lastGood)];
}
