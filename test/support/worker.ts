import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';
import type { WorkerStatus } from '../../src/api/worker-status.ts';
import type { FolderReport } from '../../src/pipeline/reconcile/compare.ts';
import { compilePipeline, type PipelineInput } from '../../src/pipeline/revision/compile.ts';
import type { Revision } from '../../src/pipeline/revision/revision.ts';
import { SteadyClient } from '../../src/store/steady-client.ts';
import { freePorts } from './free-port.ts';
import { eventually } from './processes.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const token = 'test-token';

/** A worker process as the operator would start it. */
export interface WorkerProcess {
  readonly child: ChildProcess;
  readonly port: number;
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | NodeJS.Signals>;
  output(): string;
  status(): Promise<WorkerStatus>;
  get(path: string): Promise<{ readonly code: number; readonly text: string }>;
  post(path: string, body: object): Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** A pipeline's files as a pod has them: revision and Secrets. */
export interface PodFiles {
  readonly dir: string;
  readonly revision: Revision;
  /** Starts `mailmill worker` with these arguments beside the revision. */
  start(args?: readonly string[], env?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** Runs until caught up; returns the exit code. */
  once(
    name: string,
    env?: Readonly<Record<string, string>>,
  ): Promise<{ readonly code: number | string; readonly output: string }>;
  reconcile(): Promise<{ readonly agrees: boolean; readonly folders: readonly FolderReport[] }>;
  writeSecret(name: string, key: string, value: string): void;
  remove(): void;
}

export interface PodOptions {
  readonly pipeline: PipelineInput['spec'] & { readonly name?: string };
  readonly source: Parameters<typeof compilePipeline>[1][number]['spec'];
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What is run; default: `src/main.ts`. */
  readonly program?: string;
}

/** Compiles a pipeline and writes what its pod would mount. */
export function podFiles(options: PodOptions): PodFiles {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-pod-'));
  const { name = 'mail', ...spec } = options.pipeline;
  const compiled = compilePipeline({ metadata: { name, namespace: 'test' }, spec }, [
    { metadata: { name: spec.source.name }, spec: options.source },
  ]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  const file = path.join(dir, 'revision.json');
  fs.writeFileSync(file, JSON.stringify(compiled.revision));
  const writeSecret = (secret: string, key: string, value: string) => {
    fs.mkdirSync(path.join(dir, 'secrets', secret), { recursive: true });
    fs.writeFileSync(path.join(dir, 'secrets', secret, key), value);
  };
  for (const [secret, keys] of Object.entries(options.secrets))
    for (const [key, value] of Object.entries(keys)) writeSecret(secret, key, value);
  const environment = (port: number, env: Readonly<Record<string, string>>) => ({
    ...process.env,
    MAILMILL_SECRETS: path.join(dir, 'secrets'),
    MAILMILL_MAILDIRS: path.join(dir, 'maildir'),
    MAILMILL_HTTP_PORT: String(port),
    MAILMILL_STATUS_TOKEN_SHA256: createHash('sha256').update(token).digest('hex'),
    MAILMILL_TERMINATION_LOG: path.join(dir, 'termination-log'),
    ...env,
  });
  const start: PodFiles['start'] = async (args = [], env = {}) => {
    const [port] = await freePorts(1);
    const child = spawn(process.execPath, [options.program ?? main, 'worker', '--revision', file, ...args], {
      env: environment(port!, env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    let ended = false;
    void exited.then(() => {
      ended = true;
    });
    const call = async (target: string, init: RequestInit = {}): Promise<Response> => {
      // The server is up a moment after the process.
      for (;;)
        try {
          return await fetch(`http://127.0.0.1:${port}${target}`, {
            ...init,
            headers: { authorization: `Bearer ${token}` },
          });
        } catch (error) {
          if (ended) throw error;
          await delay(50);
        }
    };
    return {
      child,
      port: port!,
      exited,
      output: () => output,
      status: async () => (await (await call('/status')).json()) as WorkerStatus,
      get: async (target) => {
        const response = await call(target);
        return { code: response.status, text: await response.text() };
      },
      post: async (target, body) => (await call(target, { method: 'POST', body: JSON.stringify(body) })).status,
      kill: (signal) => void child.kill(signal),
    };
  };
  return {
    dir,
    revision: compiled.revision,
    start,
    once: async (run, env = {}) => {
      const worker = await start(['--once', '--run', run], env);
      return { code: await worker.exited, output: worker.output() };
    },
    reconcile: async () => {
      const child = spawn(process.execPath, [main, 'reconcile', '--revision', file, '--json'], {
        env: environment(0, {}),
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
      });
      const [code] = await once(child, 'close'); // at `exit` some of its output may not be read yet
      if (code !== 0 && code !== 1) throw new Error(`reconcile ended with ${code}: ${err}`);
      return {
        agrees: code === 0,
        folders: out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as FolderReport),
      };
    },
    writeSecret,
    remove: () => fs.rmSync(dir, { recursive: true, force: true }),
  };
}

/** One query on a database. */
export async function sql<R extends pg.QueryResultRow>(
  uri: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<R[]> {
  const client = new SteadyClient({ connectionString: uri });
  await client.connect();
  try {
    return (await client.query<R>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** Rows of a sink table and how many different messages they are; 0 when there is no table yet. */
export async function rowCount(
  uri: string,
  table = 'emails',
): Promise<{ readonly rows: number; readonly distinct: number }> {
  const exists = await sql<{ found: boolean }>(uri, 'SELECT to_regclass($1) IS NOT NULL AS found', [`public.${table}`]);
  if (!exists[0]?.found) return { rows: 0, distinct: 0 };
  const rows = await sql<{ rows: string; distinct: string }>(
    uri,
    `SELECT count(*) AS rows, count(DISTINCT message_id) AS distinct FROM ${table}`,
  );
  return { rows: Number(rows[0]!.rows), distinct: Number(rows[0]!.distinct) };
}

/** Waits until the sink table has this many rows. */
export const rowsReach = (uri: string, count: number, ms = 60_000) =>
  eventually(async () => (await rowCount(uri)).rows >= count, ms);

/** A plain message with a Message-ID of its own. */
export const message = (n: number | string, body = 'Hello.\r\n'): Buffer =>
  Buffer.from(
    `From: Ann <ann@example.org>\r\nTo: team@example.net\r\nSubject: Message ${n}\r\nMessage-ID: <m-${n}@example.org>\r\nDate: Thu, 22 Aug 2024 12:36:23 +0000\r\n\r\n${body}`,
  );
