import { setTimeout as sleep } from 'node:timers/promises';
import type { ImapConnection } from './connection.ts';

/** Milliseconds after which IDLE is renewed: servers may end it after 30 minutes, middleboxes after 5. */
const idleRound = 240_000;
/** Milliseconds between polls of a server without IDLE. */
const pollRound = 15_000;
/** Milliseconds that the server has to answer the NOOP which ends a round, when the caller is being stopped. */
const farewellWithin = 2_000;

/** Whether the selected folder got mail since it was last looked at. */
export interface ChangeFlag {
  readonly seen: () => boolean;
  /** Calls back on the next change; returns a function that stops this. */
  readonly onChange: (listener: () => void) => () => void;
}

/** Ends when `ms` passed, the signal aborted, or something changed. */
async function pause(ms: number, flag: ChangeFlag, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const stop = () => done.abort();
  const off = flag.onChange(stop);
  signal.addEventListener('abort', stop, { once: true });
  try {
    if (!signal.aborted && !flag.seen()) await sleep(ms, undefined, { signal: done.signal }).catch(() => undefined);
  } finally {
    off();
    signal.removeEventListener('abort', stop);
  }
}

/** An answer from the server, which also ends an IDLE. Throws Transient when there is none. */
async function proveAlive(connection: ImapConnection, signal: AbortSignal): Promise<void> {
  const { client } = connection;
  const timers = [setTimeout(() => client.close(), connection.answerMs)];
  const hurry = () => void timers.push(setTimeout(() => client.close(), farewellWithin));
  if (signal.aborted) hurry();
  else signal.addEventListener('abort', hurry, { once: true });
  try {
    // A failed noop() looks like a successful one.
    await connection.run(new AbortController().signal, () => client.noop());
    connection.assertUsable();
  } finally {
    signal.removeEventListener('abort', hurry);
    for (const timer of timers) clearTimeout(timer);
  }
}

/** One IDLE, at most `ms` long. Returns whether the server ended it by itself. */
async function idleOnce(
  connection: ImapConnection,
  ms: number,
  flag: ChangeFlag,
  signal: AbortSignal,
): Promise<boolean> {
  const { client } = connection;
  const over = new AbortController();
  let endedByServer = false;
  const idle = client.idle().then(
    () => {
      endedByServer = !over.signal.aborted;
      over.abort();
    },
    (error: unknown) => over.abort(error),
  );
  const stop = AbortSignal.any([signal, over.signal]);
  await pause(Math.min(ms, idleRound), flag, stop);
  const early = endedByServer;
  over.abort();
  await proveAlive(connection, signal);
  await idle;
  return early;
}

/**
 * Waits until the flag is set, `ms` passed or the signal aborted, in IDLE or else by NOOP; in each case the server has answered since.
 * Throws Transient `IMAP_CONNECTION_LOST` when it does not answer.
 */
export async function waitForChange(
  connection: ImapConnection,
  ms: number,
  flag: ChangeFlag,
  signal: AbortSignal,
): Promise<void> {
  const end = performance.now() + ms;
  const canIdle = connection.client.capabilities.has('IDLE');
  for (;;) {
    if (flag.seen()) return;
    const left = end - performance.now();
    if (left <= 0 || signal.aborted) return;
    connection.assertUsable();
    if (canIdle) {
      const early = await idleOnce(connection, left, flag, signal);
      // A keep-alive NOOP ends IDLE too; a server that ends every IDLE at once must not make us spin.
      if (early) await pause(Math.min(1_000, Math.max(0, end - performance.now())), flag, signal);
    } else {
      await pause(Math.min(left, pollRound), flag, signal);
      await proveAlive(connection, signal);
    }
  }
}
