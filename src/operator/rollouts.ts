import { type CronJob, type Deployment, type Job, keyOf } from '../kubernetes/objects.ts';
import { byPipeline, type Caches, pipelineKeyOf } from './caches.ts';
import { annotations } from './names.ts';
import { jobState, roleOf } from './pods.ts';

/**
 * Counts workloads that roll, so that an upgrade of the image or of a shared source does not storm mail servers and databases with
 * logins. Only this process counts: it is the leader.
 */
export interface Rollouts {
  /** Workloads that roll now, beside that of `key`. */
  underWay(key: string): number;
  /** The workload of `key` is about to roll; call what it gives once that was written, or failed. */
  begin(key: string): () => void;
  /** `key` waits for its turn. */
  wait(key: string): void;
  /** Ends it. */
  readonly end: () => void;
}

/** Whether pods of an existing workload are being replaced, within the deadline: one that is stuck must not hold up all others for ever. */
export function isRolling({ metadata, spec, status }: Deployment): boolean {
  const known = metadata.annotations?.[annotations.lastGood] !== undefined;
  if (!known || (spec?.replicas ?? 1) === 0) return false;
  if ((status?.observedGeneration ?? 0) < (metadata.generation ?? 0)) return true;
  const progressing = status?.conditions?.find(({ type }) => type === 'Progressing');
  return progressing?.reason === 'ReplicaSetUpdated' || progressing?.reason === 'NewReplicaSetCreated';
}

/** Whether a Job tries a revision that is to replace one that works: it logs in as a new worker does. A first check replaces nothing. */
export function isTrying(job: Job, workload: Deployment | CronJob | undefined): boolean {
  if (jobState(job).state !== 'Running') return false;
  const role = roleOf(job);
  return (
    role === 'preflight' || (role === 'check' && workload?.metadata.annotations?.[annotations.lastGood] !== undefined)
  );
}

/** What of the caches is counted: Deployments that roll, and Jobs that try what is to replace a workload. */
export type RolloutCaches = Pick<Caches, 'deployments' | 'cronJobs' | 'jobs'>;

/** @param call tells a workload that waits that its turn has come. */
export function createRollouts(
  { deployments, cronJobs, jobs }: RolloutCaches,
  limit: number,
  call: (key: string) => void,
): Rollouts {
  const rolling = new Set<string>();
  const begun = new Set<string>();
  const waiting = new Set<string>();
  const count = () => rolling.size + [...begun].filter((key) => !rolling.has(key)).length;
  const callNext = () => {
    const free = Math.max(0, limit - count());
    for (const key of [...waiting].slice(0, free)) {
      waiting.delete(key);
      call(key);
    }
  };
  const look = (key: string) => {
    const [namespace = '', name = ''] = key.split('/');
    const deployment = deployments.objects.get({ namespace, name });
    const workload = deployment ?? cronJobs.objects.get({ namespace, name });
    const busy =
      (deployment !== undefined && isRolling(deployment)) ||
      jobs.objects.byIndex(byPipeline, key).some((job) => isTrying(job, workload));
    if (busy) rolling.add(key);
    else if (rolling.delete(key)) callNext();
  };
  const endings = [
    deployments.reflector.onChange(({ object }) => look(keyOf(object.metadata))),
    jobs.reflector.onChange(({ object }) => {
      const key = pipelineKeyOf(object);
      if (key !== undefined) look(key);
    }),
  ];
  return {
    underWay: (key) => count() - (rolling.has(key) || begun.has(key) ? 1 : 0),
    begin: (key) => {
      waiting.delete(key);
      begun.add(key);
      return () => {
        look(key);
        begun.delete(key);
        callNext();
      };
    },
    wait: (key) => void waiting.add(key),
    end: () => {
      for (const end of endings) end();
    },
  };
}
