import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { startPostgres } from '../support/postgres.ts';
import { type PodFiles, podFiles } from '../support/worker.ts';
import { buildApp } from './startup-app.ts';
import { median, round } from './statistics.ts';

/** Milliseconds of one `mailmill worker --once`, from before its process was made. */
interface Start {
  readonly firstFetch: number;
  /** From the last commit until the process was gone. */
  readonly end: number;
  readonly whole: number;
  /** CPU of the process. */
  readonly cpu: number;
  readonly phases: Readonly<Record<string, number>>;
}

const user = 'ann';
const now = () => performance.timeOrigin + performance.now();

function pod(dovecot: Dovecot, store: string, warehouse: string): PodFiles {
  return podFiles({
    pipeline: {
      name: 'startup',
      source: { name: 'mail' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse', key: 'uri' }, table: 'emails' } }],
    },
    source: {
      imap: {
        host: dovecot.host,
        port: dovecot.port,
        tls: { mode: 'None' },
        auth: { secretRef: { name: 'login' } },
        folders: { include: ['INBOX'] },
      },
    },
    secrets: {
      login: { username: user, password: 'secret' },
      warehouse: { uri: warehouse },
      'mailmill-store': { uri: store },
    },
  });
}

let runs = 0;

/** Runs the worker once; there is one new message. */
async function start(files: PodFiles, program: string): Promise<Start> {
  const times = path.join(files.dir, 'times.json');
  fs.rmSync(times, { force: true });
  const args = ['worker', '--revision', path.join(files.dir, 'revision.json'), '--once', '--run', `startup-${++runs}`];
  const before = now();
  const child = spawn(process.execPath, [program, ...args], {
    env: {
      ...process.env,
      MAILMILL_SECRETS: path.join(files.dir, 'secrets'),
      MAILMILL_TERMINATION_LOG: path.join(files.dir, 'termination-log'),
      MAILMILL_HTTP_PORT: '0',
      MAILMILL_BENCH_TIMES: times,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  const ended = now();
  if (code !== 0) throw new Error(`the worker ended with ${code}:\n${output.slice(-4_000)}`);
  const { firstFetch, lastCommit, phases, cpu } = JSON.parse(fs.readFileSync(times, 'utf8')) as {
    readonly firstFetch?: number;
    readonly lastCommit?: number;
    readonly phases: Readonly<Record<string, number>>;
    readonly cpu: number;
  };
  if (firstFetch === undefined || lastCommit === undefined) throw new Error(`the worker fetched nothing:\n${output}`);
  return { firstFetch: firstFetch - before, end: ended - lastCommit, whole: ended - before, cpu, phases };
}

const medians = (starts: readonly Start[]) => {
  const of = (value: (start: Start) => number) => round(median(starts.map(value)), 0);
  const phases = Object.keys(starts[0]!.phases);
  return {
    millisecondsToFirstFetch: of((each) => each.firstFetch),
    millisecondsFromLastCommitToExit: of((each) => each.end),
    milliseconds: of((each) => each.whole),
    cpuMilliseconds: of((each) => each.cpu),
    phases: Object.fromEntries(phases.map((phase) => [phase, of((each) => each.phases[phase] ?? 0)])),
  };
};

/**
 * From the start of a worker's process to its first FETCH, as the image runs it (compiled; `source`: from src/): a JSON line with medians for a
 * store that is migrated, and one for a new store. Each run finds one new message.
 */
export async function startupBench(turns: number, source: boolean): Promise<void> {
  const app = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-app-'));
  const program = source ? new URL('../../src/mailmill.mjs', import.meta.url).pathname : await buildApp(app);
  const [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
  const message = () => dovecot.deliver(user, 'INBOX', `Subject: ${runs}\r\nFrom: ann@example.org\r\n\r\nHello.\r\n`);
  try {
    const results: { readonly store: string; readonly starts: Start[] }[] = [
      { store: 'migrated', starts: [] },
      { store: 'new', starts: [] },
    ];
    const kept = pod(dovecot, await postgres.createDatabase(), await postgres.createDatabase());
    for (let turn = 0; turn <= turns; turn++) {
      const fresh = pod(dovecot, await postgres.createDatabase(), await postgres.createDatabase());
      for (const [index, files] of [kept, fresh].entries()) {
        message();
        const measured = await start(files, program);
        if (turn > 0) results[index]!.starts.push(measured); // the first fills caches and migrates
      }
      fresh.remove();
    }
    kept.remove();
    for (const { store, starts } of results) {
      const line = { name: 'startup', store, code: source ? 'source' : 'compiled', ...medians(starts) };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    }
  } finally {
    await Promise.all([dovecot.stop(), postgres.stop()]);
    fs.rmSync(app, { recursive: true, force: true });
  }
}
