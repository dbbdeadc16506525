import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemNamespace } from '../account.ts';

/** An operator in a process of its own. */
export interface OperatorProcess {
  readonly pid: number;
  readonly port: number;
  /** Whether it has ended. */
  readonly ended: boolean;
  signal(name: NodeJS.Signals): void;
  /** Waits until it has ended; the exit code, or the signal that ended it. */
  exit(): Promise<number | NodeJS.Signals>;
  /** Value of a metric, summed over its series whose labels contain `match`; undefined while nobody answers. */
  metric(name: string, match?: string): Promise<number | undefined>;
  readonly log: string;
}

export interface OperatorProcessOptions {
  /** `src/mailmill.mjs`, of this checkout or of a compiled form. */
  readonly program: string;
  readonly kubeconfig: string;
  readonly keyFile: string;
  readonly port: number;
  readonly log: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly nodeFlags?: readonly string[];
}

/** What the chart starts Node with. */
function chartOptions(): string {
  const read = (file: string) => readFileSync(new URL(`../../../charts/mailmill/${file}`, import.meta.url), 'utf8');
  const heap = /^ {2}heapMiB: (\d+)$/m.exec(read('values.yaml'))?.[1];
  const options = /name: NODE_OPTIONS\s+value: (.*)$/m.exec(read('templates/deployment.yaml'))?.[1];
  if (heap === undefined || options === undefined) throw new Error('the chart no longer sets NODE_OPTIONS and heapMiB');
  return options.replace(/\{\{.*?\}\}/, heap);
}

/** Starts `mailmill operator`; ready when /readyz says so, at the latest after a minute. */
export async function startOperatorProcess(options: OperatorProcessOptions): Promise<OperatorProcess> {
  const { program, kubeconfig, keyFile, port, log } = options;
  const out = openSync(log, 'a');
  const child = spawn(process.execPath, [...(options.nodeFlags ?? []), program, 'operator'], {
    stdio: ['ignore', out, out],
    env: {
      PATH: process.env.PATH,
      KUBECONFIG: kubeconfig,
      MAILMILL_NAMESPACE: systemNamespace,
      MAILMILL_WORKER_IMAGE: 'registry.example.com/mailmill:1',
      MAILMILL_STATUS_KEY_FILE: keyFile,
      MAILMILL_HTTP_PORT: String(port),
      NODE_OPTIONS: chartOptions(),
      ...options.env,
    },
  });
  closeSync(out);
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const orphan = () => child.kill('SIGKILL');
  process.once('exit', orphan);
  void exited.then(() => process.off('exit', orphan));
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const get = (path: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(2_000) }).catch(() => undefined);
  const running: OperatorProcess = {
    pid: child.pid ?? 0,
    port,
    log,
    get ended() {
      return ended();
    },
    signal: (name) => void child.kill(name),
    exit: async () => {
      const [code, signal] = await exited;
      return signal ?? code ?? 0;
    },
    metric: async (name, match = '') => {
      const text = await (await get('/metrics'))?.text();
      if (text === undefined) return undefined;
      const lines = text.split('\n').filter((line) => /^[a-z_]+/.exec(line)?.[0] === name && line.includes(match));
      return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
    },
  };
  for (const until = Date.now() + 60_000; (await get('/readyz'))?.status !== 200; await sleep(50)) {
    if (ended() || Date.now() > until) {
      child.kill('SIGKILL');
      throw new Error(`the operator did not become ready:\n${readFileSync(log, 'utf8').slice(-2_000)}`);
    }
  }
  return running;
}
