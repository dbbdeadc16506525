import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { podFiles, type WorkerProcess } from '../support/worker.ts';
import { buildApp, imageEnvironment } from './startup-app.ts';
import { round } from './statistics.ts';

export interface IdleOptions {
  readonly mailboxes: number;
  /** Implicit TLS to the mail server. */
  readonly tls: boolean;
  /** Runs src/ instead of compiled code. */
  readonly source: boolean;
  /** Seconds of rest over which CPU is measured. */
  readonly restSeconds: number;
  readonly messages: number;
  /** Seconds over which the messages are delivered. */
  readonly deliverSeconds: number;
}

const note = (text: string) => process.stderr.write(`${text}\n`);
const inotify = '/proc/sys/fs/inotify/max_user_instances';

/**
 * Each idling process of Dovecot is an inotify instance of one system user; without one it looks every 30 s. Returns what puts the limit back.
 */
function raiseInotify(needed: number): () => void {
  const before = fs.readFileSync(inotify, 'utf8').trim();
  if (Number(before) >= needed) return () => undefined;
  fs.writeFileSync(inotify, String(needed)); // throws where it is not allowed: the figures would be Dovecot's interval
  note(`fs.inotify.max_user_instances raised from ${before} to ${needed} for this run`);
  return () => fs.writeFileSync(inotify, before);
}

interface Usage {
  readonly rssMiB: number;
  readonly peakMiB: number;
  /** Seconds, of all threads. */
  readonly cpu: number;
}

const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

function usageOf(pid: number): Usage {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const kib = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  const [user, system] = fs.readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ').slice(11, 13);
  return { rssMiB: kib('VmRSS') / 1024, peakMiB: kib('VmHWM') / 1024, cpu: (Number(user) + Number(system)) / ticks };
}

const shown = ({ rssMiB, peakMiB, cpu }: Usage) =>
  `${round(rssMiB, 1)} MiB, peak ${round(peakMiB, 1)} MiB, ${round(cpu, 1)} s of CPU`;

/** Seconds from each delivery to the commit of its row, as a listener in another session sees it. */
async function deliver(dovecot: Dovecot, users: readonly string[], sink: string, options: IdleOptions) {
  const client = new pg.Client({ connectionString: sink });
  await client.connect();
  const sent = new Map<string, number>();
  const seconds: number[] = [];
  try {
    await client.query(`
      CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('row', NEW.message_id); RETURN NULL; END $$;
      CREATE TRIGGER tell AFTER INSERT ON emails FOR EACH ROW EXECUTE FUNCTION tell(); LISTEN row`);
    client.on('notification', ({ payload = '' }) => {
      const at = sent.get(payload.replace(/[<>]/g, ''));
      if (at !== undefined) seconds.push((performance.now() - at) / 1_000);
    });
    // Arrivals that know nothing of each other: at random moments, in random mailboxes.
    const times = Array.from({ length: options.messages }, () => Math.random() * options.deliverSeconds * 1_000);
    const start = performance.now();
    for (const [n, time] of times.sort((a, b) => a - b).entries()) {
      await delay(Math.max(0, start + time - performance.now()));
      const id = `idle-${n}@example.org`;
      const user = users[Math.floor(Math.random() * users.length)]!;
      sent.set(id, performance.now());
      const head = `From: Ann <ann@example.org>\r\nTo: team@example.net\r\nSubject: Message ${n}\r\nMessage-ID: <${id}>\r\n`;
      dovecot.deliver(user, 'INBOX', `${head}Date: Thu, 22 Aug 2024 12:36:23 +0000\r\n\r\nHello.\r\n`);
    }
    await eventually(() => seconds.length >= options.messages, 60_000).catch(() => undefined);
  } finally {
    await client.end();
  }
  if (seconds.length !== options.messages)
    throw new Error(`void: ${seconds.length} rows of ${options.messages} messages`);
  return seconds.sort((a, b) => a - b);
}

/** Until every mailbox is connected and caught up by the worker's word, and in IDLE by the server's. */
async function live(worker: WorkerProcess, dovecot: Dovecot, mailboxes: number): Promise<void> {
  await eventually(async () => {
    await delay(200);
    const source = (await worker.status()).pipelines[0]?.sources?.[0];
    const done = source?.connected === mailboxes && source.folders === mailboxes && source.unchecked === 0;
    return done && source.catchingUp === 0 && dovecot.idling() >= mailboxes;
  }, 600_000);
}

/** One worker on many idle mailboxes of a real Dovecot: memory, CPU at rest, and how long new mail takes. */
export async function idleBench(options: IdleOptions): Promise<void> {
  const { mailboxes, tls, source } = options;
  const app = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-app-'));
  const restore = raiseInotify(2 * mailboxes + 128);
  const program = source ? undefined : await buildApp(app);
  const [dovecot, postgres] = await Promise.all([startDovecot({ sessions: mailboxes }), startPostgres()]);
  const users = Array.from({ length: mailboxes }, (_, n) => `box${n}`);
  for (const user of users) dovecot.makeFolder(user, 'INBOX');
  const store = await postgres.createDatabase('idle_store');
  const sink = await postgres.createDatabase('idle_sink');
  const pod = podFiles({
    pipeline: {
      name: 'idle',
      source: { name: 'mail' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse' }, table: 'emails' } }],
    },
    source: {
      imap: {
        host: tls ? 'localhost' : dovecot.host,
        port: tls ? dovecot.tlsPort : dovecot.port,
        tls: tls ? { mode: 'Implicit', caSecretRef: { name: 'ca' } } : { mode: 'None' },
        accounts: { secretRef: { name: 'team' } },
      },
    },
    secrets: {
      team: { accounts: JSON.stringify(users.map((username) => ({ username, password: 'secret' }))) },
      ca: { 'ca.crt': dovecot.ca },
      warehouse: { uri: sink },
      'mailmill-store': { uri: store },
    },
    ...(program !== undefined && { program }),
  });
  let worker: WorkerProcess | undefined;
  try {
    const began = performance.now();
    worker = await pod.start([], imageEnvironment());
    const pid = worker.child.pid!;
    await live(worker, dovecot, mailboxes);
    const liveSeconds = (performance.now() - began) / 1_000;
    note(`${mailboxes} mailboxes live and in IDLE after ${round(liveSeconds, 1)} s: ${shown(usageOf(pid))}`);
    const before = usageOf(pid);
    await delay(options.restSeconds * 1_000);
    const rested = usageOf(pid);
    const cpuPercent = ((rested.cpu - before.cpu) / options.restSeconds) * 100;
    note(`at rest for ${options.restSeconds} s: ${shown(rested)}, ${round(cpuPercent, 2)} % of a core`);
    const seconds = await deliver(dovecot, users, sink, options);
    const after = usageOf(pid);
    note(
      `${seconds.length} messages in ${options.deliverSeconds} s: ${shown(after)}; slowest ${round(seconds.at(-1)!, 3)} s`,
    );
    const at = (share: number) => round(seconds[Math.min(seconds.length - 1, Math.floor(seconds.length * share))]!, 3);
    const rssMiB = round(Math.max(rested.rssMiB, after.rssMiB), 1);
    const times = { liveSeconds: round(liveSeconds, 1), cpuPercent: round(cpuPercent, 2) };
    const line = { name: 'idle', mailboxes, rssMiB, ...times, p50Seconds: at(0.5), p99Seconds: at(0.99) };
    process.stdout.write(`${JSON.stringify(line)}\n`);
  } catch (error) {
    note(worker?.output().slice(-4_000) ?? '');
    throw error;
  } finally {
    worker?.kill('SIGTERM');
    await worker?.exited;
    pod.remove();
    await Promise.all([dovecot.stop(), postgres.stop()]);
    restore();
    fs.rmSync(app, { recursive: true, force: true });
  }
}
