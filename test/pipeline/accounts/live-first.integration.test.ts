import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { message, podFiles, rowCount, rowsReach, sql } from '../../support/worker.ts';

const old = 5_000;

let dovecot: Dovecot;
let postgres: Postgres;
const closing: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot({ tls: false }), startPostgres()]);
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

// With one connection old mail is read in slices; of three, one is for old mail and one is kept for readiness.
test.each([1, 3])(
  'with %i connections to the account new mail goes before a backfill, in its folder and in others',
  async (connectionsPerAccount) => {
    const user = `live-${connectionsPerAccount}`;
    dovecot.makeFolder(user, 'Archive');
    for (let n = 1; n <= old; n++) dovecot.deliver(user, 'INBOX', message(n));
    // Far away, so that a backfill takes a while.
    const far = await startTcpProxy(dovecot, 400);
    closing.push(() => far.stop());
    const store = await postgres.createDatabase();
    const { host, port } = far;
    const auth = { secretRef: { name: 'imap' } };
    const limits = { connectionsPerAccount };
    const pod = podFiles({
      source: {
        imap: { host, port, tls: { mode: 'None' }, auth, limits, folders: { include: ['**'] }, pollInterval: '1s' },
      },
      pipeline: {
        source: { name: 'inbox' },
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'mailmill-store' }, table: 'emails' } }],
      },
      secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store } },
    });
    closing.push(() => pod.remove());
    const worker = await pod.start();
    closing.push(async () => {
      worker.kill('SIGKILL');
      await worker.exited;
    });
    await rowsReach(store, 500);
    dovecot.deliver(user, 'INBOX', message('live'));
    dovecot.deliver(user, 'Archive', message('filed'));
    const fresh = () => sql(store, `SELECT FROM emails WHERE subject IN ('Message live', 'Message filed')`);
    await eventually(async () => (await fresh()).length === 2, 30_000);
    // Far from the end: it went ahead of what was there.
    expect((await rowCount(store)).rows).toBeLessThan(old);
    await rowsReach(store, old + 2);
    expect(await rowCount(store)).toEqual({ rows: old + 2, distinct: old + 2 });
  },
);
