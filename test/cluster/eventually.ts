import { setTimeout as delay } from 'node:timers/promises';

/**
 * Calls `check` until it does not throw, and returns what it returned; at most for `seconds`. The last error is the
 * cause of the one that says that time is up. For what other processes do: every wait is bounded, none is blind.
 */
export async function eventually<T>(
  what: string,
  check: () => Promise<T> | T,
  { seconds = 30, everyMs = 250 }: { readonly seconds?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) {
        const last = error instanceof Error ? error.message : String(error);
        throw new Error(`not within ${seconds} s: ${what}; last: ${last}`, { cause: error });
      }
      await delay(everyMs);
    }
  }
}

/** Watches for `seconds` that `check` never throws. For what must not happen. */
export async function throughout(seconds: number, check: () => Promise<unknown>, everyMs = 500): Promise<void> {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await delay(everyMs)) await check();
}
