import { expect, test } from 'vitest';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { beforeMidnight } from '../../support/store-clock.ts';
import { message, rowCount, sql } from '../../support/worker.ts';

/** Milliseconds that the first day has left when the worker starts: it must be done with it by then. */
const leftMs = 30_000;

const servers = mailToStore();

const kib = 1024;
/** A message of 4 KiB. */
const letter = (n: number | string) => {
  const empty = message(n, '').length;
  return message(n, 'x'.repeat(4 * kib - empty));
};

test.each([
  // A tenth is kept for new mail: 18 of 20 messages, or of 80 KiB, may be old.
  ['messages', { messagesPerDay: 20 }],
  ['bytes', { bytesPerDay: '80Ki' }],
])(
  'a day’s limit of %s is obeyed by a worker, new mail has its part, and the next day goes on',
  async (what, limit) => {
    const user = `daily-${what}`;
    for (let n = 0; n < 30; n++) servers.dovecot.deliver(user, 'INBOX', letter(n));
    const store = await servers.postgres.createDatabase();
    const sink = await servers.postgres.createDatabase();
    const shifted = await beforeMidnight(store, leftMs);
    const { host, port } = servers.dovecot;
    const pod = servers.pod({
      source: { imap: { host, port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } }, limits: limit } },
      pipeline: {
        source: { name: 'inbox' },
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
      },
      secrets: {
        imap: { username: user, password: 'secret' },
        'mailmill-store': { uri: shifted },
        sink: { uri: sink },
      },
    });
    const worker = await pod.start();
    const waiting = async () => (await worker.status()).pipelines[0]?.accounts[0]?.waiting;
    const used = async () =>
      (
        await sql<{ n: number }>(
          store,
          'SELECT (to_jsonb(u) ->> $1)::int AS n FROM mailmill.account_usage u ORDER BY day',
          [what],
        )
      ).map(({ n }) => n);
    const subjects = async (like: string) =>
      (await sql(sink, 'SELECT FROM emails WHERE subject LIKE $1', [`Message ${like}%`])).length;

    await eventually(async () => (await waiting())?.oldOnly === true, leftMs);
    await eventually(async () => (await rowCount(sink)).rows === 18, leftMs);
    for (const n of [1, 2, 3]) servers.dovecot.deliver(user, 'INBOX', letter(`new-${n}`));
    await eventually(
      async () => (await waiting())?.oldOnly === undefined && (await rowCount(sink)).rows === 20,
      leftMs,
    );
    expect(await waiting()).toMatchObject({
      code: 'SOURCE_BUDGET_SPENT',
      message: expect.stringContaining('goes on at'),
    });
    expect(await subjects('new-')).toBe(2);
    expect(await used()).toHaveLength(1);

    // Midnight: new mail that had to wait, and what is left of the old.
    await eventually(async () => (await rowCount(sink)).rows === 33, leftMs + 30_000);
    const most = what === 'messages' ? 20 : 80 * kib;
    const [first = 0, second = 0, ...more] = await used();
    expect(first).toBe(most);
    expect(second).toBeLessThanOrEqual(most);
    expect(more).toEqual([]);
    expect((await pod.reconcile()).agrees).toBe(true);
  },
);
