import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { dump } from 'js-yaml';

const main = new URL('../../../src/main.ts', import.meta.url).pathname;

/** A `mailmill run` of a test. */
export interface Standalone {
  /** Exit code, or the signal's name. */
  readonly exited: Promise<number | NodeJS.Signals>;
  stdout(): string;
  stderr(): string;
  kill(signal: NodeJS.Signals): void;
  /** Ctrl-C in a terminal: SIGINT to the whole foreground group. */
  interrupt(): void;
}

/** Starts `mailmill run` with these arguments; without a port unless one is among them, or the default one is asked for. */
export function startRun(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  port: 'no port' | 'default port' = 'no port',
): Standalone {
  const all = args.includes('--port') || port === 'default port' ? args : [...args, '--port', '0'];
  const { MAILMILL_STORE_URI: _, ...inherited } = process.env;
  const child = spawn(process.execPath, [main, 'run', ...all], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true, // a group of its own, as a shell gives it
  });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].on('data', (chunk: Buffer) => {
      said[name] += chunk.toString();
    });
  return {
    exited: once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals),
    stdout: () => said.stdout,
    stderr: () => said.stderr,
    kill: (signal) => void child.kill(signal),
    interrupt: () => {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    },
  };
}

/** Runs to the end. */
export async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const running = startRun(args, env);
  return { code: await running.exited, stdout: running.stdout(), stderr: running.stderr() };
}

const mailmill = (kind: string, name: string, spec: object) => ({
  apiVersion: 'mailmill.io/v1alpha1',
  kind,
  metadata: { name },
  spec,
});

/** A Maildir source; its directory lies beside the resources. */
export const maildir = (name = 'box', directory = 'box') =>
  mailmill('MailboxSource', name, { maildir: { path: directory, pollInterval: '10s' } });

/** A pipeline from the source `box` into the table `emails` of the database `warehouse`. */
export const pipeline = (name = 'mail', more: object = {}) =>
  mailmill('EmailPipeline', name, {
    source: { name: 'box' },
    sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse', key: 'uri' }, table: 'emails' } }],
    ...more,
  });

export const pipelineRun = (name: string, of = 'mail', work: object = {}) =>
  mailmill('EmailPipelineRun', name, { pipeline: { name: of }, ...work });

export const secret = (name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
});

/** A directory of resources, with a Maildir `box`, and a directory for state. */
export interface TestProject {
  readonly directory: string;
  readonly state: string;
  /** Puts a message into `new/` as a mail server does: complete at once. `at`: when it was received; default: now. */
  deliver(name: string, raw?: Buffer, at?: Date): void;
  write(file: string, objects: readonly object[]): void;
  /** The server that a run keeps its state in, while it runs. */
  uri(database: string): string;
  remove(): void;
}

const plain = (name: string): Buffer =>
  Buffer.from(`From: ann@example.org\r\nSubject: ${name}\r\nMessage-ID: <${name}@example.org>\r\n\r\nHello.\r\n`);

export function testProject(objects: readonly object[]): TestProject {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-run-'));
  fs.chmodSync(parent, 0o755); // the account that runs PostgreSQL for root looks into it
  const directory = path.join(parent, 'resources');
  const state = path.join(parent, 'state');
  for (const sub of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(directory, 'box', sub), { recursive: true });
  const write: TestProject['write'] = (file, all) =>
    fs.writeFileSync(path.join(directory, file), all.map((each) => dump(each)).join('---\n'));
  write('resources.yaml', objects);
  return {
    directory,
    state,
    write,
    deliver: (name, raw = plain(name), at = new Date()) => {
      fs.writeFileSync(path.join(directory, 'box', 'tmp', name), raw);
      fs.utimesSync(path.join(directory, 'box', 'tmp', name), at, at);
      fs.renameSync(path.join(directory, 'box', 'tmp', name), path.join(directory, 'box', 'new', name));
    },
    uri: (database) => {
      const { port, password } = JSON.parse(fs.readFileSync(path.join(state, 'server.json'), 'utf8')) as {
        readonly port: number;
        readonly password: string;
      };
      return `postgresql://mailmill:${password}@127.0.0.1:${port}/${database}`;
    },
    remove: () => fs.rmSync(parent, { recursive: true, force: true }),
  };
}
