import type { Source } from '../../sources/source.ts';
import { asMailmillError } from '../../telemetry/errors.ts';
import type { PipelineContext } from '../context.ts';
import { Lane } from '../folders/lane.ts';
import { Poke } from '../poke.ts';
import type { Connection, ConnectionBroker } from './connection-broker.ts';

/** Milliseconds until it is tried again when no connection was free, and when the server refused one. */
const noneFreeMs = 5_000;
const refusedMs = 60_000;

export interface SpareLanesOptions {
  readonly context: PipelineContext;
  readonly source: Source;
  readonly account: string;
  readonly accountId: bigint;
  readonly broker: ConnectionBroker;
  readonly stop: AbortSignal;
}

/** Work of a spare lane; it ends in order, soon after `leave` says so. `changed` tells that it may. */
export type SpareWork = (lane: Lane, leave: () => boolean, changed: AbortSignal) => Promise<void>;

/**
 * Sessions of an account beside the one that it cannot do without. They take connections that nobody waits for, and give them up as soon as
 * somebody does.
 */
export class SpareLanes {
  readonly #options: SpareLanesOptions;
  readonly #running = new Set<Promise<void>>();
  readonly #ending = new AbortController();
  readonly #cut = new AbortController();
  #open = 0;
  #failure: { readonly error: unknown } | undefined;
  #notBefore = 0;
  /** Poked when a lane has ended. */
  readonly changed = new Poke();

  constructor(options: SpareLanesOptions) {
    this.#options = options;
  }

  /** Lanes that are logged in, or about to. */
  get size(): number {
    return this.#running.size;
  }

  /** Lanes that are logged in. */
  get open(): number {
    return this.#open;
  }

  /** How many there may be at most, by the limit of the source: one connection is the main one, and one is kept for readiness. */
  get most(): number {
    const { connectionsPerAccount } = this.#options.source;
    return connectionsPerAccount === undefined ? 0 : Math.max(0, connectionsPerAccount - 2);
  }

  /** Whether it makes sense to ask for a connection now. */
  get mayStart(): boolean {
    return this.#running.size < this.most && performance.now() >= this.#notBefore && !this.#ending.signal.aborted;
  }

  /** Throws what a lane has thrown. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
  }

  /** Starts work in a lane of its own, when a connection can be had; resolves when it has ended, or could not begin. */
  start(work: SpareWork): Promise<void> {
    const running = this.#run(work).then(
      () => undefined,
      (error: unknown) => {
        this.#failure ??= { error };
      },
    );
    this.#running.add(running);
    return running.finally(() => {
      this.#running.delete(running);
      this.changed.poke();
    });
  }

  /** Lets all of them end in order. */
  async end(): Promise<void> {
    this.#ending.abort();
    await Promise.all(this.#running);
  }

  /** Ends all of them at once: what they have in hand is dropped. */
  async cut(): Promise<void> {
    this.#cut.abort();
    await this.end();
  }

  async #run(work: SpareWork): Promise<void> {
    const { source, accountId, broker } = this.#options;
    const connection = await broker.spare(accountId, source.connectionsPerAccount);
    if (!connection) {
      this.#notBefore = performance.now() + noneFreeMs;
      return;
    }
    try {
      await this.#withSession(work, connection);
    } finally {
      await connection.release();
    }
  }

  async #withSession(work: SpareWork, connection: Connection): Promise<void> {
    const { context, source, stop } = this.#options;
    const ending = AbortSignal.any([stop, this.#ending.signal]);
    const session = await this.#login();
    if (!session) return;
    const { namespace, pipeline } = context.revision;
    const labels = { namespace, pipeline, source: source.name };
    this.#open += 1;
    context.metrics.connections.inc(labels);
    try {
      const changed = AbortSignal.any([ending, connection.changed.signal()]);
      const signal = AbortSignal.any([context.hardStop, this.#cut.signal]);
      await work(new Lane(session, signal), () => ending.aborted || connection.wanted(), changed);
    } catch (error) {
      if (!this.#cut.signal.aborted) throw error;
    } finally {
      this.#open -= 1;
      context.metrics.connections.dec(labels);
      await session[Symbol.asyncDispose]();
    }
  }

  /** Undefined: the server does not let another one in now, which keeps nothing from its work. */
  async #login() {
    const { context, source, account, stop } = this.#options;
    try {
      return await source.open(account, AbortSignal.any([context.hardStop, stop, this.#cut.signal]));
    } catch (thrown) {
      const error = asMailmillError(thrown);
      this.#notBefore = performance.now() + Math.max(refusedMs, error.retryAfterMs ?? 0);
      context.log.info('no further connection to the account for now', { source: source.name, code: error.code });
      return undefined;
    }
  }
}
