import { type Deployment, keyOf, type Live } from '../kubernetes/objects.ts';
import type { Cached } from './caches.ts';
import { annotations } from './names.ts';

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

/** @param call tells a workload that waits that its turn has come. */
export function createRollouts(
  { reflector, objects }: Cached<Deployment>,
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
  const look = (key: string, object: Live<Deployment> | undefined) => {
    if (object !== undefined && isRolling(object)) rolling.add(key);
    else if (rolling.delete(key)) callNext();
  };
  const end = reflector.onChange(({ type, object }) => {
    look(keyOf(object.metadata), type === 'deleted' ? undefined : object);
  });
  return {
    underWay: (key) => count() - (rolling.has(key) || begun.has(key) ? 1 : 0),
    begin: (key) => {
      waiting.delete(key);
      begun.add(key);
      return () => {
        const [namespace = '', name = ''] = key.split('/');
        look(key, objects.get({ namespace, name }));
        begun.delete(key);
        callNext();
      };
    },
    wait: (key) => void waiting.add(key),
    end,
  };
}
