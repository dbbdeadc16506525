import type { IncomingMessage } from 'node:http';
import { failureOf, retryAfterOf, type Subject, unreachable } from './answers.ts';
import { exponential } from './backoff.ts';
import type { Clock } from './clock.ts';
import { withDeadline } from './deadline.ts';
import type { KubernetesMetrics } from './metrics.ts';
import { readBody, type Transport, type TransportRequest } from './transport.ts';

export interface ApiRequest extends TransportRequest {
  readonly subject: Subject;
  /** Label of the latency metric: `get`, `list`, `watch`, `apply` … */
  readonly verb: string;
  readonly timeoutMs?: number;
  /** Keep the server's words out of errors: they may quote values. */
  readonly quiet?: boolean;
}

export interface Requester {
  /** The parsed JSON of a 2xx answer. */
  json(request: ApiRequest): Promise<unknown>;
  /** The open body of a 200 answer; the request's own signal ends it. */
  open(request: ApiRequest): Promise<IncomingMessage>;
}

const defaultTimeoutMs = 30_000;
const maxBody = 256 * 1024 * 1024;
const maxErrorBody = 1024 * 1024;

/** Requests with a deadline, metrics and patience: 429, and 5xx with Retry-After, are tried again in time. */
export function createRequester(
  transport: Transport,
  clock: Clock,
  random: () => number,
  metrics: KubernetesMetrics | undefined,
): Requester {
  const once = async (request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> => {
    const start = clock.monotonic();
    let code = '<error>';
    try {
      const answer = await transport.send({ ...request, signal });
      code = String(answer.statusCode);
      return answer;
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      if (signal.aborted) throw signal.reason;
      throw unreachable(request.subject, `no answer (${wordOf(error)})`, error);
    } finally {
      metrics?.requests.inc({ code, method: request.method });
      metrics?.requestSeconds.observe({ verb: request.verb }, (clock.monotonic() - start) / 1000);
    }
  };

  /** A 2xx answer, or an error after as much patience as the deadline has. */
  const patient = async (request: ApiRequest, signal: AbortSignal, deadline: number): Promise<IncomingMessage> => {
    for (let tries = 0; ; tries += 1) {
      const answer = await once(request, signal);
      const status = answer.statusCode ?? 0;
      if (status >= 200 && status < 300) return answer;
      const asked = retryAfterOf(answer.headers, clock.now());
      const failure = failureOf(status, parse(await readBody(answer, maxErrorBody)), request.subject, {
        ...(asked === undefined ? {} : { retryAfterMs: asked }),
        ...(request.quiet === undefined ? {} : { quiet: request.quiet }),
      });
      if (status !== 429 && !(status >= 500 && asked !== undefined)) throw failure;
      // Never earlier than asked; more each time, and spread, so that a storm thins out.
      const wait = Math.max(asked ?? 1000, exponential(250, 30_000, tries)) * (1 + random() / 4);
      if (clock.monotonic() + wait >= deadline) throw failure;
      await clock.sleep(wait, signal);
    }
  };

  const within = <T>(request: ApiRequest, work: (signal: AbortSignal, deadline: number) => Promise<T>) => {
    const ms = request.timeoutMs ?? defaultTimeoutMs;
    const expired = () => unreachable(request.subject, `no complete answer within ${ms} ms`);
    return withDeadline(request.signal, ms, expired, (signal) => work(signal, clock.monotonic() + ms));
  };

  return {
    json: (request) =>
      within(request, async (signal, deadline) => {
        const answer = await patient(request, signal, deadline);
        try {
          return JSON.parse(await readBody(answer, maxBody));
        } catch (error) {
          signal.throwIfAborted();
          throw unreachable(request.subject, 'an incomplete answer', error);
        }
      }),
    open: async (request) => {
      // Opening has the deadline; the stream then lives until the caller's signal ends it.
      const stream = new AbortController();
      const abort = () => stream.abort(request.signal.reason);
      request.signal.addEventListener('abort', abort, { once: true });
      try {
        const answer = await within(request, async (signal, deadline) => {
          const expire = () => stream.abort(signal.reason);
          signal.addEventListener('abort', expire, { once: true });
          return patient(request, stream.signal, deadline);
        });
        answer.once('close', () => request.signal.removeEventListener('abort', abort));
        return answer;
      } catch (error) {
        request.signal.removeEventListener('abort', abort);
        throw error;
      }
    },
  };
}

const wordOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'connection failed';

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Proxies answer in HTML; the status says enough.
    return undefined;
  }
}
