import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds between two looks at the clock: a machine that slept goes on when it wakes up. */
const lookMs = 30_000;

/** Waits for a time of the clock; returns early when `stop` is aborted. */
export async function until(time: Date, clock: () => Date, stop: AbortSignal): Promise<void> {
  const left = () => time.getTime() - clock().getTime();
  while (!stop.aborted && left() > 0)
    await delay(Math.min(left(), lookMs), undefined, { signal: stop }).catch(() => undefined);
}
