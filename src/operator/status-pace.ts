import type { Condition } from '../api/conditions.ts';
import type { Clock } from '../kubernetes/clock.ts';

interface Told {
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
}

/** Holds back what a status would only say in passing, so that a rollout costs two writes and not one for each of its steps. */
export interface StatusPace {
  /** Milliseconds until this status may be written in the place of that one; 0: now. */
  delay(key: string, before: Told | undefined, after: Told): number;
  wrote(key: string): void;
  forget(key: string): void;
}

/** While it is on its way a status is written at most this often. */
const paceMs = 5_000;

/** What somebody may wait for: a change of these is told at once. */
const prompt = ['Ready', 'Reconciling', 'Stalled', 'Valid', 'CredentialsResolved'];

export function createStatusPace(clock: Clock): StatusPace {
  const written = new Map<string, number>();
  return {
    delay: (key, before, after) => {
      const at = written.get(key);
      if (at === undefined || !isInPassing(before, after)) return 0;
      return Math.max(0, at + paceMs - clock.monotonic());
    },
    wrote: (key) => void written.set(key, clock.monotonic()),
    forget: (key) => void written.delete(key),
  };
}

function isInPassing(before: Told | undefined, after: Told): boolean {
  if (before === undefined || before.observedGeneration !== after.observedGeneration) return false;
  const of = (told: Told, type: string) => told.conditions?.find((condition) => condition.type === type);
  if (of(after, 'Reconciling')?.status !== 'True') return false;
  return prompt.every((type) => {
    const [old, now] = [of(before, type), of(after, type)];
    return old?.status === now?.status && old?.reason === now?.reason;
  });
}
