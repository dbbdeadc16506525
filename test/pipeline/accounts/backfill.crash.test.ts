import fs from 'node:fs';
import { expect, test, vi } from 'vitest';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { message, podFiles, rowsReach, sql } from '../../support/worker.ts';

vi.setConfig({ testTimeout: 180_000 });

const total = 3_000;

const servers = mailToStore();
const { closing } = servers;

/** Whole messages that the server has given in each session of a user that has ended, in their order. */
const given = (user: string): readonly number[] =>
  fs
    .readFileSync(servers.dovecot.logFile, 'utf8')
    .split('\n')
    .flatMap((line) => (line.includes(`imap(${user})`) ? (/ body_count=(\d+)/.exec(line)?.[1] ?? []) : []))
    .map(Number);

const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);

const inTable = async (sink: string) =>
  (await sql<{ n: number }>(sink, 'SELECT substring(subject FROM $1)::int AS n FROM emails', ['[0-9]+']))
    .map(({ n }) => n)
    .sort((a, b) => a - b);

test.each([
  ['between the sink and the store', 'after-sink-commit:2'],
  ['after the store has it', 'after-store-commit:2'],
])('a backfill, newest first, that is killed %s goes on where it was', async (_, failpoint) => {
  const user = failpoint.replaceAll(/[^a-z]/g, '');
  for (let n = 1; n <= total; n++) servers.dovecot.deliver(user, 'INBOX', message(n));
  const [store, sink] = [await servers.postgres.createDatabase(), await servers.postgres.createDatabase()];
  const { host, port } = servers.dovecot;
  const pod = podFiles({
    source: {
      imap: {
        ...{ host, port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } },
        backfill: { order: 'NewestFirst' },
      },
    },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
  });
  closing.push(() => pod.remove());
  const first = await pod.start([], { MAILMILL_FAILPOINT: failpoint });
  expect(await first.exited).toBe('SIGKILL');
  await eventually(() => servers.dovecot.connections() === 0 && sum(given(user)) > 0);
  const already = sum(given(user));
  const [cursor] = await sql<{ finished: string; done: number }>(
    store,
    `SELECT finished::text AS finished, coalesce((SELECT sum(upper(r) - lower(r)) FROM unnest(finished) r), 0)::int AS done FROM mailmill.cursor`,
  );
  const done = cursor?.done ?? 0;
  // The newest, without a gap, and not all of them.
  expect(cursor?.finished).toBe(`{[${total + 1 - done},${total + 1})}`);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(total);
  const before = await inTable(sink);
  expect(before).toEqual(Array.from({ length: before.length }, (_, i) => total + 1 - before.length + i));

  await sql(store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
  const second = await pod.start();
  closing.push(async () => {
    second.kill('SIGKILL');
    await second.exited;
  });
  await rowsReach(sink, total);
  await eventually(async () => (await second.status()).pipelines[0]?.accounts[0]?.folders[0]?.state === 'Live', 30_000);
  second.kill('SIGTERM');
  expect(await second.exited).toBe(0);
  expect(await inTable(sink)).toEqual(Array.from({ length: total }, (_, i) => i + 1));
  // It has asked for what the store did not have, and for nothing else.
  await eventually(() => sum(given(user)) > already);
  expect(sum(given(user)) - already).toBe(total - done);
  expect((await pod.reconcile()).agrees).toBe(true);
});
