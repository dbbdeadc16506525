import type { Health } from '../../api/worker-status.ts';
import { asMailmillError, type MailmillError } from '../../telemetry/errors.ts';

/** A health, given the one before: `since` stays while nothing changes. */
export function nextHealth(before: Health | undefined, error: MailmillError | undefined, now: Date): Health {
  if (before && before.ok === (error === undefined) && before.code === error?.code) return before;
  return {
    ok: error === undefined,
    ...(error && { code: error.code, message: error.message }),
    since: now.toISOString(),
  };
}

export const notYet = (code: string, message: string, now: Date): Health => ({
  ok: false,
  code,
  message,
  since: now.toISOString(),
});

/** What a pipeline's store and sinks are like, and what a person must act on. */
export class PipelineHealth {
  readonly #clock: () => Date;
  #store: Health;
  readonly #sinks = new Map<string, Health>();
  readonly #stalls = new Map<string, { readonly code: string; readonly message: string }>();

  constructor(sinks: readonly string[], clock: () => Date) {
    this.#clock = clock;
    this.#store = notYet('NOT_YET_CHECKED', 'not yet checked', clock());
    for (const sink of sinks) this.#sinks.set(sink, this.#store);
  }

  get storeHealth(): Health {
    return this.#store;
  }

  get sinks(): readonly (Health & { readonly name: string })[] {
    return [...this.#sinks].map(([name, health]) => ({ name, ...health }));
  }

  /** What stands still, the one that has for longest. */
  get stalled(): { readonly code: string; readonly message: string } | undefined {
    return this.#stalls.values().next().value;
  }

  /** The store could, or could not, be used. Returns whether that is news. */
  store(error?: MailmillError): boolean {
    const before = this.#store;
    this.#store = nextHealth(before, error, this.#clock());
    return this.#store !== before;
  }

  /** A sink could, or could not, be used. That another worker has taken over says nothing about the sink. */
  sink(name: string, error?: MailmillError): void {
    if (error && (!error.code.startsWith('SINK_') || error.code === 'SINK_FENCED')) return;
    this.#sinks.set(name, nextHealth(this.#sinks.get(name), error, this.#clock()));
  }

  /** Work with a sink, and its health when it fails. That little things work again proves nothing: rows do. */
  async during<T>(name: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.sink(name, asMailmillError(error));
      throw error;
    }
  }

  /** Somebody (an account, the pipeline) needs a person; nothing: no more. */
  stall(who: string, error?: { readonly code: string; readonly message: string }): void {
    if (error) this.#stalls.set(who, { code: error.code, message: error.message });
    else this.#stalls.delete(who);
  }
}
