import { setTimeout as delay } from 'node:timers/promises';
import type { MailmillError } from '../telemetry/errors.ts';

/** A server that asks for a pause of nothing, or of a month, is not taken at its word. */
const waitingMs = { least: 1_000, most: 3_600_000 };

/** Milliseconds to wait after an error: exponential for Transient, as told for Waiting, a steady minute for Stalled; with jitter. */
export class Backoff {
  #failures = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  get failures(): number {
    return this.#failures;
  }

  next(error: MailmillError): number {
    this.#failures += 1;
    const base =
      error.family === 'Waiting'
        ? Math.min(Math.max(error.retryAfterMs ?? 30_000, waitingMs.least), waitingMs.most)
        : error.family === 'Stalled'
          ? Math.min(5_000 * 2 ** (this.#failures - 1), 60_000)
          : Math.min(250 * 2 ** (this.#failures - 1), 60_000);
    // Whoever lost the same server does not come back at the same moment; nobody comes before the time that was asked for.
    const spread = error.family === 'Waiting' ? 1 + 0.2 * this.#random() : 0.5 + this.#random();
    return base * spread;
  }

  reset(): void {
    this.#failures = 0;
  }
}

/** Sleeps; returns early, without an error, when the signal is aborted. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
