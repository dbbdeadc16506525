import { expect, test } from 'vitest';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { message, rowCount, rowsReach, sql } from '../../support/worker.ts';

const old = 5_000;

const servers = mailToStore();
const { closing } = servers;

// With one connection old mail is read in slices; of three, one is for old mail and one is kept for readiness.
test.each([1, 3])(
  'with %i connections to the account new mail goes before a backfill, in its folder and in others',
  async (connectionsPerAccount) => {
    const user = `live-${connectionsPerAccount}`;
    servers.dovecot.makeFolder(user, 'Archive');
    for (let n = 1; n <= old; n++) servers.dovecot.deliver(user, 'INBOX', message(n));
    // Far away, so that a backfill takes a while.
    const far = await startTcpProxy(servers.dovecot, 400);
    closing.push(() => far.stop());
    const store = await servers.postgres.createDatabase();
    const { host, port } = far;
    const auth = { secretRef: { name: 'imap' } };
    const limits = { connectionsPerAccount };
    const pod = servers.pod({
      source: {
        imap: { host, port, tls: { mode: 'None' }, auth, limits, folders: { include: ['**'] }, pollInterval: '1s' },
      },
      pipeline: {
        source: { name: 'inbox' },
        sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'mailmill-store' }, table: 'emails' } }],
      },
      secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store } },
    });
    await pod.start();
    await rowsReach(store, 500);
    servers.dovecot.deliver(user, 'INBOX', message('live'));
    servers.dovecot.deliver(user, 'Archive', message('filed'));
    const fresh = () => sql(store, `SELECT FROM emails WHERE subject IN ('Message live', 'Message filed')`);
    await eventually(async () => (await fresh()).length === 2, 30_000);
    // Far from the end: it went ahead of what was there.
    expect((await rowCount(store)).rows).toBeLessThan(old);
    await rowsReach(store, old + 2);
    expect(await rowCount(store)).toEqual({ rows: old + 2, distinct: old + 2 });
  },
);
