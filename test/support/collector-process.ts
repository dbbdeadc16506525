import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { CollectorStatus } from '../../src/api/collector-status.ts';
import type { MailboxSource } from '../../src/api/resources.ts';
import { compiledSource } from './collector.ts';
import { freePorts } from './free-port.ts';
import { eventually } from './processes.ts';

const main = new URL('../../src/main.ts', import.meta.url).pathname;
const token = 'status-token';

export type CollectorPod = Awaited<ReturnType<typeof collectorPod>>;

/** What the pod of a collector mounts, and processes of it, at one port. `secrets` by `<secret>/<key>`, with that of the store. */
export async function collectorPod(spec: MailboxSource['spec'], secrets: Readonly<Record<string, string>>) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-collector-'));
  const file = path.join(dir, 'source.json');
  fs.writeFileSync(file, JSON.stringify(compiledSource(spec)));
  for (const [name, value] of Object.entries(secrets)) {
    fs.mkdirSync(path.join(dir, 'secrets', path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(dir, 'secrets', name), value);
  }
  const running: { kill(signal: NodeJS.Signals): void; readonly exited: Promise<unknown> }[] = [];
  return {
    start: async (env: Readonly<Record<string, string>> = {}) => {
      const [probes] = await freePorts(1);
      const child = spawn(process.execPath, [main, 'collector', '--source', file], {
        env: {
          ...process.env,
          MAILMILL_SECRETS: path.join(dir, 'secrets'),
          MAILMILL_HTTP_PORT: String(probes),
          MAILMILL_STATUS_TOKEN_SHA256: createHash('sha256').update(token).digest('hex'),
          ...env,
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          output += chunk.toString();
        });
      const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
      const kill = (signal: NodeJS.Signals) => void child.kill(signal);
      running.push({ kill, exited });
      const get = (target: string) =>
        fetch(`http://127.0.0.1:${probes}${target}`, { headers: { authorization: `Bearer ${token}` } });
      await eventually(async () => {
        if (child.exitCode !== null) throw new Error(`the collector ended: ${output}`);
        return (await get('/readyz').catch(() => undefined))?.status === 200;
      }, 30_000);
      return {
        exited,
        kill,
        get,
        output: () => output,
        status: async () => (await (await get('/status')).json()) as CollectorStatus,
      };
    },
    remove: async () => {
      for (const each of running) {
        each.kill('SIGKILL');
        await each.exited;
      }
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
