import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { podFiles, rowCount } from '../support/worker.ts';
import type { Bench } from './servers.ts';
import { imageEnvironment } from './startup-app.ts';

const run = promisify(execFile);

/** Messages a second at which bare imapflow reads a user's INBOX. */
export async function bareRate(bench: Bench, user: string): Promise<number> {
  const { host, port } = bench.dovecot;
  const script = new URL('bare-fetch.ts', import.meta.url).pathname;
  const { stdout } = await run(process.execPath, [script, host, String(port), user, 'secret']);
  const { messages, seconds } = JSON.parse(stdout) as { messages: number; seconds: number };
  const expected = bench.messages.get(user);
  if (messages !== expected) throw new Error(`bare fetch read ${messages} of ${expected} messages of ${user}`);
  return messages / seconds;
}

/** VmHWM of a running process in MiB; undefined when it is gone. */
function peakRss(pid: number): number | undefined {
  try {
    const match = /^VmHWM:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match ? Number(match[1]) / 1024 : undefined;
  } catch {
    return undefined;
  }
}

export interface Ingest {
  readonly messagesPerSecond: number;
  readonly peakRssMiB: number;
  /** The same until half of the time from the first FETCH to the last commit was over. */
  readonly peakRssMiBOfFirstHalf: number;
}

let runs = 0;

/**
 * One `mailmill worker --once` from a user's folders into new databases: the rate from the first FETCH to the last commit, and the
 * worker's peak memory. A run whose rows are not as many as the messages is void.
 */
export async function ingest(
  bench: Bench,
  user: string,
  messages: number,
  folders: readonly string[] = ['INBOX'],
): Promise<Ingest> {
  const { dovecot, postgres, program } = bench;
  const name = `bench_${++runs}`;
  const store = await postgres.createDatabase(`${name}_store`);
  const warehouse = await postgres.createDatabase(`${name}_sink`);
  const pod = podFiles({
    program,
    pipeline: {
      name: 'bench',
      source: { name: 'mail' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse', key: 'uri' }, table: 'emails' } }],
    },
    source: {
      imap: {
        host: dovecot.host,
        port: dovecot.port,
        tls: { mode: 'None' },
        auth: { secretRef: { name: 'login' } },
        folders: { include: [...folders] },
      },
    },
    secrets: {
      login: { username: user, password: 'secret' },
      warehouse: { uri: warehouse },
      'mailmill-store': { uri: store },
    },
  });
  try {
    const times = path.join(pod.dir, 'times.json');
    const worker = await pod.start(['--once', '--run', name], {
      ...imageEnvironment(),
      MAILMILL_BENCH_TIMES: times,
    });
    const peaks: { readonly at: number; readonly mib: number }[] = [];
    const sampler = setInterval(() => {
      const mib = peakRss(worker.child.pid!);
      if (mib !== undefined) peaks.push({ at: Date.now(), mib });
    }, 20);
    const code = await worker.exited.finally(() => clearInterval(sampler));
    if (code !== 0) throw new Error(`the worker ended with ${code}:\n${worker.output().slice(-4_000)}`);
    const { rows, distinct } = await rowCount(warehouse);
    if (rows !== messages) throw new Error(`void: ${rows} rows (${distinct} Message-IDs) of ${messages} messages`);
    const { firstFetch, lastCommit } = JSON.parse(fs.readFileSync(times, 'utf8')) as {
      firstFetch: number;
      lastCommit: number;
    };
    const half = firstFetch + (lastCommit - firstFetch) / 2;
    return {
      messagesPerSecond: messages / ((lastCommit - firstFetch) / 1000),
      peakRssMiB: peaks.at(-1)?.mib ?? 0,
      peakRssMiBOfFirstHalf: peaks.findLast(({ at }) => at <= half)?.mib ?? 0,
    };
  } finally {
    pod.remove();
    await postgres.dropDatabase(`${name}_store`);
    await postgres.dropDatabase(`${name}_sink`);
  }
}
