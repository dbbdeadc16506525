import { MailmillError, waiting } from '../../telemetry/errors.ts';
import { aborted, throwIfAborted } from '../abort.ts';
import type { Granted } from './oauth-answer.ts';

/** Gets new access tokens. An abort is obeyed only where nothing can be lost by it. */
export type Renew = (signal: AbortSignal) => Promise<Granted>;

export interface AccessTokenOptions {
  readonly renew: Renew;
  /** Milliseconds of a clock that only goes forward: the machine's date does not matter. */
  readonly now: () => number;
  /** 0 (inclusive) to 1. */
  readonly random: () => number;
}

/** A token is renewed when a fifth of its life is left, at most this much, give or take a fifth so that workers do not come together. */
const aheadMs = 300_000;
/** A token that ends within this time may be over when the server looks at it. */
const marginMs = 30_000;
/** A token that is younger was not refused because it is over. */
const youngMs = 5_000;
/** While the old token is good, a failed renewal is tried again after this time. */
const againMs = 30_000;

interface Held {
  readonly granted: Granted;
  readonly since: number;
  readonly usableUntil: number;
  renewAt: number;
}

/** The access token of one credential: renewed ahead of its end, by one request however many ask. */
export class AccessTokens {
  readonly #options: AccessTokenOptions;
  #held: Held | undefined;
  #flight: { readonly done: Promise<Held>; readonly stop: AbortController; waiting: number } | undefined;
  /** The endpoint asked for a pause until then. */
  #pause: { readonly until: number; readonly error: MailmillError } | undefined;

  constructor(options: AccessTokenOptions) {
    this.#options = options;
  }

  /**
   * A token that is good now. `refused` is one that the mail server did not take: it is not given again once it is some seconds old. Throws what `renew`
   * throws, and again without asking while a pause that the endpoint asked for lasts.
   */
  async get(signal: AbortSignal, refused?: string): Promise<string> {
    throwIfAborted(signal);
    const { now } = this.#options;
    const held = this.#held;
    const unwanted = held && held.granted.accessToken === refused && now() - held.since >= youngMs;
    const usable = held && !unwanted && now() < held.usableUntil ? held : undefined;
    if (usable && now() < usable.renewAt) return usable.granted.accessToken;
    try {
      return (await this.#renewed(signal)).granted.accessToken;
    } catch (error) {
      // The old one is good for a while: the endpoint may come back meanwhile.
      if (!usable || signal.aborted || !(error instanceof MailmillError)) throw error;
      usable.renewAt = now() + againMs;
      return usable.granted.accessToken;
    }
  }

  /** Forgets the token: what it was derived from has changed. */
  forget(): void {
    this.#held = undefined;
    this.#pause = undefined;
  }

  async #renewed(signal: AbortSignal): Promise<Held> {
    const { now } = this.#options;
    if (this.#pause && now() < this.#pause.until) {
      const { error, until } = this.#pause;
      throw waiting(error.code, error.message, { retryAfterMs: until - now() });
    }
    this.#flight ??= this.#start();
    const flight = this.#flight;
    flight.waiting += 1;
    const onAbort = () => {
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.stop.abort(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      // Also when aborted: the store must not be closed while a refresh token is under way into it.
      return await flight.done;
    } catch (error) {
      if (signal.aborted) throw aborted(signal);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  #start() {
    const stop = new AbortController();
    const done = this.#renew(stop.signal).finally(() => {
      this.#flight = undefined;
    });
    return { done, stop, waiting: 0 };
  }

  async #renew(signal: AbortSignal): Promise<Held> {
    const { renew, now, random } = this.#options;
    try {
      const granted = await renew(signal);
      const since = now();
      const { lifetimeMs } = granted;
      const ahead = Math.min(lifetimeMs / 5, aheadMs) * (0.8 + 0.4 * random());
      const usableUntil = since + lifetimeMs - Math.min(marginMs, lifetimeMs / 10);
      const held = { granted, since, usableUntil, renewAt: Math.min(since + lifetimeMs - ahead, usableUntil) };
      this.#pause = undefined;
      this.#held = held;
      return held;
    } catch (error) {
      if (error instanceof MailmillError && error.family === 'Waiting' && error.retryAfterMs !== undefined)
        this.#pause = { until: now() + error.retryAfterMs, error };
      throw error;
    }
  }
}
