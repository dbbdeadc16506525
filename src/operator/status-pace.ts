import { isDeepStrictEqual } from 'node:util';
import type { Condition } from '../api/conditions.ts';
import type { Clock } from '../kubernetes/clock.ts';

interface Told {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** Holds back what a status would only say in passing, so that a rollout costs one write or two, and not one for each of its steps. */
export interface StatusPace {
  /** Milliseconds until this status may be written in the place of that one; 0: now. */
  delay(key: string, before: Told | undefined, after: Told): number;
  wrote(key: string): void;
  forget(key: string): void;
}

/** That something is on its way is told after this time: it may have arrived by then. */
const firstMs = 1_500;
/** While many are on their way, their workloads come first; for no longer than this. */
const busyMs = 30_000;
const many = 20;
/** While it is on its way a status is written at most this often. */
const paceMs = 5_000;

/** What somebody may wait for: a change of these is told at once. */
const prompt = ['Ready', 'Reconciling', 'Stalled', 'Valid', 'CredentialsResolved'];
/** What others change, one after the other. */
const leisurely = ['SharedWithoutArchive'];

export function createStatusPace(clock: Clock): StatusPace {
  const written = new Map<string, number>();
  /** Since when something new is on its way that the status does not tell yet. */
  const untold = new Map<string, { readonly generation: number | undefined; readonly since: number }>();

  const first = (key: string, generation: number | undefined): number => {
    const now = clock.monotonic();
    const known = untold.get(key);
    const since = known !== undefined && known.generation === generation ? known.since : now;
    untold.set(key, { generation, since });
    return Math.max(0, since + (untold.size > many ? busyMs : firstMs) - now);
  };
  return {
    delay: (key, before, after) => {
      if (before?.observedGeneration !== after.observedGeneration || before?.conditions === undefined) {
        return isOnItsWay(after) ? Math.min(first(key, after.observedGeneration), retryMs) : 0;
      }
      const at = written.get(key);
      if (at === undefined || !(isInPassing(before, after) || isLeisurely(before, after))) return 0;
      return Math.max(0, at + paceMs - clock.monotonic());
    },
    wrote: (key) => {
      untold.delete(key);
      written.set(key, clock.monotonic());
    },
    forget: (key) => {
      untold.delete(key);
      written.delete(key);
    },
  };
}

/** Whether there are still that many is looked at this often, unless something else happens: a thousand of them cost little. */
const retryMs = 10_000;

const find = (told: Told, type: string) => told.conditions?.find((condition) => condition.type === type);
const same = (before: Told, after: Told, types: readonly string[]) =>
  types.every((type) => {
    const [old, now] = [find(before, type), find(after, type)];
    return old?.status === now?.status && old?.reason === now?.reason;
  });

/** Under way, and nothing wrong. */
const isOnItsWay = (told: Told) =>
  find(told, 'Reconciling')?.status === 'True' &&
  find(told, 'Stalled')?.status !== 'True' &&
  find(told, 'Valid')?.status !== 'False' &&
  find(told, 'CredentialsResolved')?.status !== 'False';

const isInPassing = (before: Told, after: Told) =>
  find(after, 'Reconciling')?.status === 'True' && same(before, after, prompt);

/** Whether nothing but what others are about differs. */
function isLeisurely(before: Told, after: Told): boolean {
  const rest = (told: Told) => ({
    ...told,
    conditions: told.conditions?.filter(({ type }) => !leisurely.includes(type)),
  });
  return isDeepStrictEqual(rest(before), rest(after));
}
