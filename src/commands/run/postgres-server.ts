import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { transient } from '../../telemetry/errors.ts';
import type { ServerAccount } from './postgres-binaries.ts';
import { exitOf, LastWords } from './processes.ts';

export interface ServerOptions {
  readonly postgres: string;
  readonly data: string;
  readonly port: number;
  readonly account: ServerAccount | undefined;
  /** A directory that the account may enter. */
  readonly cwd: string;
}

/** A PostgreSQL server that runs. */
export interface PostgresServer {
  /** Aborted when the server ends without having been told to. */
  readonly lost: AbortSignal;
  /** Fast shutdown: sessions are cut, everything committed stays. */
  stop(): Promise<void>;
  /** Tells it to end without waiting, for a process that has no time. */
  kill(): void;
}

/**
 * A shell becomes the server and leaves a watcher behind, which ends the server when this process is gone: even a SIGKILL leaves none behind.
 * `$$` is the server's own id, also in the watcher.
 */
const script = `( (read -r _; kill -INT $$) <&3 >/dev/null 2>&1 & ) 3<&0 </dev/null; exec "$@" </dev/null`;
const startMs = 120_000;
const stopMs = 15_000;

const settings = [
  'listen_addresses=127.0.0.1',
  'unix_socket_directories=',
  'logging_collector=off',
  'log_destination=stderr',
  'lc_messages=C',
];

/** Starts a server over an existing cluster and waits until it accepts connections. Throws Transient `EMBEDDED_POSTGRES_FAILED`. */
export async function startServer(options: ServerOptions, signal: AbortSignal): Promise<PostgresServer> {
  const { postgres, data, port, account, cwd } = options;
  const args = ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])];
  // A session of its own: Ctrl-C in a terminal reaches the whole foreground group, and the store must outlive the workers.
  const child = spawn('/bin/sh', ['-c', script, 'sh', postgres, ...args], {
    ...account,
    cwd,
    env: {},
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const words = new LastWords();
  const exited = exitOf(child);
  exited.catch(() => undefined); // awaited below, and by stop
  const ready = new Promise<void>((resolve) => {
    child.stderr.on('data', (chunk: Buffer) => {
      words.add(chunk);
      if (chunk.includes('database system is ready to accept connections')) resolve();
    });
  });
  const lost = new AbortController();
  let stopping = false;
  const stop = async () => {
    stopping = true;
    child.kill('SIGINT');
    const timer = setTimeout(() => child.kill('SIGQUIT'), stopMs);
    await exited.catch(() => undefined);
    clearTimeout(timer);
    child.stdin.destroy();
  };
  const decided = new AbortController();
  const outcome = await Promise.race([
    ready.then(() => 'ready' as const),
    exited.then(
      () => 'ended' as const,
      () => 'ended' as const,
    ),
    delay(startMs, 'late' as const, { signal: AbortSignal.any([signal, decided.signal]) }).catch(() => 'late' as const),
  ]);
  decided.abort();
  if (outcome !== 'ready') {
    await stop();
    throw transient(
      'EMBEDDED_POSTGRES_FAILED',
      `the embedded PostgreSQL ${outcome === 'late' ? 'was not ready in time' : 'did not start'}: ${words.toString() || 'it said nothing'} (its data: ${data})`,
    );
  }
  const ended = () => {
    if (stopping) return;
    child.stdin.destroy();
    lost.abort(
      transient(
        'EMBEDDED_POSTGRES_ENDED',
        `the embedded PostgreSQL has ended: ${words.toString()}; start mailmill again, it goes on where it was`,
      ),
    );
  };
  exited.then(ended, ended);
  return { lost: lost.signal, stop, kill: () => void child.kill('SIGINT') };
}
