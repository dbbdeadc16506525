import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../fuzz/random.ts';
import { startDovecot } from '../support/dovecot.ts';
import { startPostgres } from '../support/postgres.ts';
import { podFiles, sql } from '../support/worker.ts';
import { startFaultyProxy } from './faulty-proxy.ts';
import { MailboxLife } from './mailbox-life.ts';
import { faultsOf } from './source-faults.ts';
import { startWorkers } from './workers.ts';

export interface SourcesChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  log(line: string): void;
}

const roundMs = 40_000;
const progressMs = 15_000;
/** From the end of the faults until everything is read: the longest pause between two tries is a minute, a lease takes a quarter of one. */
const restMs = 240_000;

/**
 * Workers of one pipeline on one mailbox with folders, while both servers, the network, the processes and the mailbox itself change.
 * After each round everything heals, and all that is in the mailbox must come to rest as rows. Returns whether nothing was lost or doubled.
 */
export async function sourcesChaos({ seed, minutes, log }: SourcesChaosOptions): Promise<boolean> {
  const random = Random.seeded(seed, 0);
  const until = Date.now() + minutes * 60_000;
  const closing: (() => Promise<unknown> | unknown)[] = [];
  const counts = new Map<string, number>();
  try {
    const dovecot = await startDovecot({ tls: false });
    closing.push(() => dovecot.stop());
    const postgres = await startPostgres({ settings: ['max_connections=60'] });
    closing.push(() => postgres.stop());
    const mail = await startFaultyProxy(dovecot);
    closing.push(() => mail.close());
    const store = await startFaultyProxy(postgres);
    closing.push(() => store.close());
    const life = new MailboxLife(dovecot, random);
    closing.push(() => life.leave());
    const storeUri = await postgres.createDatabase();
    const sinkUri = await postgres.createDatabase();
    const through = (uri: string) => uri.replace(`:${postgres.port}/`, `:${store.port}/`);
    const pod = podFiles({
      source: {
        imap: {
          host: '127.0.0.1',
          port: mail.port,
          tls: { mode: 'None' },
          auth: { secretRef: { name: 'imap' } },
          folders: { include: ['**'] },
          pollInterval: '2s',
        },
      },
      pipeline: {
        source: { name: 'inbox' },
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
      },
      secrets: {
        imap: { username: life.user, password: 'secret' },
        'mailmill-store': { uri: through(storeUri) },
        // By turns a database of its own, and the store's, where one transaction does both.
        sink: { uri: through(seed % 2 === 0 ? storeUri : sinkUri) },
      },
    });
    closing.push(() => pod.remove());
    const rowsUri = seed % 2 === 0 ? storeUri : sinkUri;
    life.deliver(300);
    const workers = await startWorkers(pod, 3);
    closing.push(() => workers.stop());
    const faults = faultsOf({ dovecot, postgres, mail, store, workers, life, random });

    const rows = async (): Promise<ReadonlyMap<string, number>> => {
      const found = await sql<{ subject: string; count: string }>(
        rowsUri,
        `SELECT subject, count(*) FROM emails GROUP BY subject`,
      ).catch(() => []); // there is no table before the first worker is ready
      return new Map(found.map(({ subject, count }) => [subject.replace('Message ', ''), Number(count)]));
    };
    let told = 0;
    const tell = async (what: string) => {
      if (Date.now() - told < progressMs) return;
      told = Date.now();
      const { lost, doubled } = life.places.judge(await rows());
      const struck = [...counts.values()].reduce((sum, n) => sum + n, 0);
      log(
        `sources: ${what}; ${life.places.messages} messages, ${struck} faults and changes, ${lost.length} to come, ${doubled.length} doubled, ${workers.started} processes`,
      );
    };
    const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);

    let round = 0;
    do {
      round += 1;
      for (const end = Math.min(until, Date.now() + roundMs); Date.now() < end; await sleep(random.int(1_500))) {
        await tell(`round ${round}`);
        if (random.int(2) === 0) {
          const [name, act] = random.pick(Object.entries(life.acts));
          count((await act()) ? name : `${name}, refused`);
        } else {
          const [name, strike] = random.pick(faults);
          count(name);
          await strike();
        }
      }
      await life.leave();
      mail.heal();
      store.heal();
      const calm = Date.now();
      for (;;) {
        const { lost, doubled } = life.places.judge(await rows());
        if (lost.length === 0 || doubled.length > 0) break;
        if (Date.now() - calm > restMs) break;
        await tell(`round ${round} comes to rest`);
        await sleep(500);
      }
      const { lost, doubled } = life.places.judge(await rows());
      if (lost.length > 0 || doubled.length > 0) break;
      life.places.settle();
      log(`sources: round ${round} is whole ${Math.round((Date.now() - calm) / 100) / 10} s after its last fault`);
    } while (Date.now() < until);

    // What is doubled late would show in a moment of rest.
    await sleep(5_000);
    const { lost, doubled } = life.places.judge(await rows());
    const dead = await sql<{ n: string }>(storeUri, 'SELECT count(*) AS n FROM mailmill.dead_letter');
    let report = lost.length + doubled.length === 0 ? await pod.reconcile() : undefined;
    const missing = () => report?.folders.some((folder) => folder.missing > 0) ?? false;
    // Mail that was moved has its row before its new place is read: that is waited for, a message that is passed over is not.
    for (const end = Date.now() + restMs; report && !report.agrees && !missing() && Date.now() < end; ) {
      log('sources: the places of some messages are not read yet');
      await sleep(5_000);
      report = await pod.reconcile();
    }
    const kinds = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, n]) => `${name} ${n}`);
    log(`sources: seed ${seed}, ${round} rounds, ${life.places.messages} messages; ${kinds.join(', ')}`);
    log(
      `sources: lost ${lost.length}, doubled ${doubled.length}, dead ${dead[0]!.n}${report && !report.agrees ? '; reconcile does not agree' : ''}`,
    );
    for (const folder of report?.agrees ? [] : (report?.folders ?? []))
      if (folder.missing + folder.unfinished > 0) log(`sources: ${JSON.stringify(folder)}`);
    if (lost.length > 0) log(`sources: lost ${lost.slice(0, 20).join(' ')}`);
    if (doubled.length > 0) log(`sources: doubled ${doubled.slice(0, 20).join(' ')}`);
    const whole = lost.length === 0 && doubled.length === 0 && report?.agrees === true;
    if (!whole) log(workers.tail());
    return whole;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}
