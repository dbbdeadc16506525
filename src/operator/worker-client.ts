import { request } from 'node:http';
import type { CollectorStatus } from '../api/collector-status.ts';
import type { WorkerStatus } from '../api/worker-status.ts';
import { isRecord } from '../kubernetes/decode.ts';
import { asMailmillError, transient } from '../telemetry/errors.ts';
import { readRunResult } from './pods.ts';

/** How the operator speaks with workers and collectors. All throw Transient `WORKER_UNREACHABLE`. */
export interface WorkerClient {
  status(address: string, token: string, signal: AbortSignal): Promise<WorkerStatus>;
  collector(address: string, token: string, signal: AbortSignal): Promise<CollectorStatus>;
  /** Asks a worker for a run on demand; asking again changes nothing. */
  run(address: string, token: string, run: RunRequest, signal: AbortSignal): Promise<void>;
}

export interface RunRequest {
  readonly name: string;
  readonly specHash: string;
}

const port = 8080;
const timeoutMs = 2_000;
const maxBytes = 4 * 1024 * 1024;

/** Speaks HTTP with pods at `address`, port 8080, within 2 s. */
export function createWorkerClient(toPort = port): WorkerClient {
  return {
    status: async (address, token, signal) => {
      const text = await ask(address, toPort, { method: 'GET', path: '/status', token }, signal);
      return readStatus(text);
    },
    collector: async (address, token, signal) => {
      const text = await ask(address, toPort, { method: 'GET', path: '/status', token }, signal);
      return readCollectorStatus(text);
    },
    run: async (address, token, run, signal) => {
      const body = JSON.stringify({ name: run.name, specHash: run.specHash });
      await ask(address, toPort, { method: 'POST', path: '/runs', token, body }, signal);
    },
  };
}

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string;
  readonly body?: string;
}

function ask(address: string, toPort: number, question: Question, signal: AbortSignal): Promise<string> {
  const { method, path, token, body } = question;
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const fail = (cause: unknown) => reject(unreachable(cause));
  const outgoing = request(
    {
      host: address,
      port: toPort,
      method,
      path,
      // One look each quarter of a minute: kept connections would only break.
      agent: false,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) }),
      },
    },
    (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > maxBytes) response.destroy(new Error(`more than ${maxBytes} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', fail);
      response.on('end', () => {
        const status = response.statusCode ?? 0;
        if (status >= 200 && status < 300) resolve(Buffer.concat(chunks).toString('utf8'));
        else fail(new Error(`HTTP ${status}`));
      });
    },
  );
  outgoing.on('error', fail);
  outgoing.end(body);
  return promise;
}

const unreachable = (cause: unknown) =>
  transient('WORKER_UNREACHABLE', 'a worker does not answer the operator; see its pod and the NetworkPolicies', {
    cause,
  });

/** A status out of JSON. Throws Transient `WORKER_UNREACHABLE` when it is none that this version reads. */
export const readStatus = (text: string): WorkerStatus => parse(text, isStatus);
export const readCollectorStatus = (text: string): CollectorStatus => parse(text, isCollectorStatus);

function parse<T>(text: string, is: (value: unknown) => value is T): T {
  try {
    const value: unknown = JSON.parse(text);
    if (is(value)) return value;
  } catch (error) {
    throw unreachable(asMailmillError(error));
  }
  throw unreachable(new Error('an unknown form of status'));
}

const isHealth = (value: unknown) => isRecord(value) && typeof value.ok === 'boolean';
const isList = (value: unknown, each: (item: unknown) => boolean) => Array.isArray(value) && value.every(each);

/** What decisions read of a status is there; what a newer worker adds does no harm. */
function isStatus(value: unknown): value is WorkerStatus {
  return (
    isRecord(value) && value.version === 1 && typeof value.startedAt === 'string' && isList(value.pipelines, isPipeline)
  );
}

const isStall = (value: unknown) => value === undefined || (isRecord(value) && typeof value.code === 'string');

const isCollectorStatus = (value: unknown): value is CollectorStatus =>
  isRecord(value) &&
  value.version === 1 &&
  typeof value.ready === 'boolean' &&
  isHealth(value.store) &&
  isHealth(value.listener) &&
  isStall(value.stalled);

const isPipeline = (value: unknown) =>
  isRecord(value) &&
  typeof value.namespace === 'string' &&
  typeof value.pipeline === 'string' &&
  typeof value.ready === 'boolean' &&
  isHealth(value.store) &&
  isList(value.sinks, isHealth) &&
  isList(value.accounts, isAccount) &&
  isList(value.runs, (run) => readRunResult(run) !== undefined) &&
  isStall(value.stalled);

const isAccount = (value: unknown) =>
  isRecord(value) &&
  typeof value.source === 'string' &&
  isHealth(value.connection) &&
  isList(value.folders, (folder) => isRecord(folder) && typeof folder.lagMessages === 'number');
