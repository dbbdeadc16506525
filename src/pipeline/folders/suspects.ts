import type { Listed } from '../../sources/source.ts';
import { asMailmillError } from '../../telemetry/errors.ts';

/** `LeftOut`: the server answered, without the message, or refused it. `Broke`: the connection ended over it. */
export type Failure = 'LeftOut' | 'Broke';

const failures: Readonly<Record<string, Failure>> = {
  IMAP_COMMAND_FAILED: 'LeftOut',
  IMAP_CONNECTION_LOST: 'Broke',
  IMAP_UNAVAILABLE: 'Broke',
  SOURCE_TOO_SLOW: 'Broke',
};

/** What an error says about messages that were on their way; undefined: nothing. */
export const failureOf = (error: unknown): Failure | undefined => failures[asMailmillError(error).code];

interface Suspect {
  readonly listed: Listed;
  readonly tries: number;
  readonly firstAt: number;
  readonly retryAt: number;
  readonly failure: Failure;
}

/** When a message is tried again, and when it is given up; milliseconds. */
export interface Patience {
  readonly tries: number;
  /** From the first try to the last, at least. */
  readonly atLeast: Readonly<Record<Failure, number>>;
  readonly firstPause: Readonly<Record<Failure, number>>;
  readonly longestPause: number;
}

/** A connection may end for many reasons: it takes more to blame a message for it. */
const usual: Patience = {
  tries: 5,
  atLeast: { LeftOut: 60_000, Broke: 600_000 },
  firstPause: { LeftOut: 1_000, Broke: 15_000 },
  longestPause: 240_000,
};

/**
 * Messages that the server lists and does not deliver. They are tried again one by one, while everything else goes on, until they come or
 * are given up.
 */
export class Suspects {
  readonly #patience: Patience;
  readonly #byUid = new Map<number, Suspect>();

  constructor(patience: Patience = usual) {
    this.#patience = patience;
  }

  get uids(): ReadonlySet<number> {
    return new Set(this.#byUid.keys());
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** Another try has failed. */
  note(listed: Listed, failure: Failure, now: number): void {
    const before = this.#byUid.get(listed.uid);
    const tries = (before?.tries ?? 0) + 1;
    const pause = Math.min(this.#patience.firstPause[failure] * 4 ** (tries - 1), this.#patience.longestPause);
    this.#byUid.set(listed.uid, {
      listed,
      tries,
      firstAt: before?.firstAt ?? now,
      retryAt: now + pause,
      // Once the connection broke over it, it is judged by that.
      failure: before?.failure === 'Broke' ? 'Broke' : failure,
    });
  }

  /** It may not be asked for before. */
  postpone(uid: number, retryAt: number): void {
    const suspect = this.#byUid.get(uid);
    if (suspect) this.#byUid.set(uid, { ...suspect, retryAt: Math.max(suspect.retryAt, retryAt) });
  }

  /** Whether it was tried often and long enough. */
  hopeless(uid: number, now: number): boolean {
    const suspect = this.#byUid.get(uid);
    if (!suspect) return false;
    const { tries, firstAt, failure } = suspect;
    return tries >= this.#patience.tries && now - firstAt >= this.#patience.atLeast[failure];
  }

  /** One whose time has come. */
  due(now: number): Listed | undefined {
    for (const { listed, retryAt } of this.#byUid.values()) if (retryAt <= now) return listed;
    return undefined;
  }

  /** When the next one is due. */
  get nextAt(): number | undefined {
    const times = [...this.#byUid.values()].map(({ retryAt }) => retryAt);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** It came, or is gone, or is dead. */
  settle(uid: number): void {
    this.#byUid.delete(uid);
  }

  clear(): void {
    this.#byUid.clear();
  }
}
