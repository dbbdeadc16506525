import { Worker as Thread } from 'node:worker_threads';
import type { Ended } from '../../store/dead-sessions.ts';
import { leaseTermMs } from '../../store/leases.ts';
import { type MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import type { FromThread, ThreadData, ToThread } from './heartbeat-thread.ts';

/** What the main thread answers to requests that reach the probe server. */
export interface ProbeAnswers {
  metrics(): Promise<string>;
  /** WorkerStatus as JSON. */
  status(): string;
  /** Whether the worker is ready; latches. */
  ready(): boolean;
  /** An on-demand run was asked for. */
  run(request: { readonly name: string; readonly specHash: string }): void;
}

export interface HeartbeatOptions {
  readonly storeUri: string | undefined;
  readonly workerId: string;
  readonly workerName: string;
  readonly http: { readonly host: string; readonly port: number; readonly tokenSha256: string | undefined } | undefined;
  readonly answers: ProbeAnswers;
  /** Holders of connection slots that somebody else waits for. */
  readonly onWanted: (holders: readonly string[]) => void;
  /** What became of sessions that were left open in the store. */
  readonly onEnded?: (sessions: Ended) => void;
  /** The thread has ended by itself: no lease can be kept and no probe is answered any more. */
  readonly onDied: (error: MailmillError) => void;
}

const portTaken = (http: HeartbeatOptions['http'], reason: string) =>
  stalled(
    'HTTP_PORT_TAKEN',
    `port ${http?.port} of ${http?.host} cannot be had (${reason}); end who has it, or set MAILMILL_HTTP_PORT and MAILMILL_HTTP_HOST`,
  );

const died = (cause: unknown) =>
  transient('WORKER_HEARTBEAT_LOST', 'the thread that keeps leases and answers probes has ended; the worker ends too', {
    cause,
  });

const moduleUrl = new URL(
  import.meta.url.endsWith('.ts') ? './heartbeat-thread.ts' : './heartbeat-thread.js',
  import.meta.url,
);

/**
 * Heartbeats and probes on a thread of their own: a main thread that is busy parsing does not lose its leases, and one that hangs for 30 s
 * does, with its liveness probe.
 */
export class Heartbeat {
  readonly #thread: Thread;
  readonly #shared: BigInt64Array;
  readonly #timer: NodeJS.Timeout;
  readonly #answers: ProbeAnswers;
  #stopping = false;
  /** Rejects with Stalled `HTTP_PORT_TAKEN` when the probes cannot listen. */
  readonly started: Promise<void>;

  constructor(options: HeartbeatOptions) {
    this.#answers = options.answers;
    this.#shared = new BigInt64Array(new SharedArrayBuffer(16));
    const data: ThreadData = {
      storeUri: options.storeUri,
      workerId: options.workerId,
      workerName: options.workerName,
      http: options.http,
      shared: this.#shared.buffer as SharedArrayBuffer,
    };
    Atomics.store(this.#shared, 1, process.hrtime.bigint()); // alive, before the thread looks
    this.#thread = new Thread(moduleUrl, { workerData: data });
    this.#tick();
    this.started = new Promise((resolve, reject) => {
      this.#thread.on('message', (message: FromThread) => {
        if (message.type === 'started') resolve();
        else if (message.type === 'refused') reject(portTaken(options.http, message.reason));
        else if (message.type === 'wanted') options.onWanted(message.holders);
        else if (message.type === 'ended') options.onEnded?.(message.sessions);
        else if (message.type === 'run') this.#answers.run(message);
        else if (message.type === 'metrics') void this.#sendMetrics(message.id);
      });
      let cause: unknown;
      this.#thread.on('error', (error) => {
        cause = error;
      });
      this.#thread.on('exit', () => {
        if (this.#stopping) return;
        clearInterval(this.#timer);
        const error = died(cause);
        reject(error);
        options.onDied(error);
      });
    });
    this.#timer = setInterval(() => this.#tick(), 500);
  }

  /** Whether a heartbeat was confirmed less than two thirds of a term ago, by this process's own clock. */
  fresh(): boolean {
    const last = Atomics.load(this.#shared, 0);
    return last !== 0n && process.hrtime.bigint() - last < BigInt(leaseTermMs) * 666_667n;
  }

  /** The worker has told the store itself that it lives, at this `process.hrtime`: what the thread has not yet done. */
  confirm(sent: bigint): void {
    Atomics.compareExchange(this.#shared, 0, 0n, sent);
  }

  async #sendMetrics(id: number): Promise<void> {
    try {
      this.#post({ type: 'metrics', id, text: await this.#answers.metrics() });
    } catch {
      // Whoever asked gets 503 when no answer comes.
    }
  }

  #tick(): void {
    Atomics.store(this.#shared, 1, process.hrtime.bigint());
    this.#post({ type: 'state', ready: this.#answers.ready(), status: this.#answers.status() });
  }

  #post(message: ToThread): void {
    this.#thread.postMessage(message);
  }

  /** Lets the probes see the present state without waiting for the next tick. */
  publish(): void {
    this.#tick();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    await this.#thread.terminate();
  }
}
