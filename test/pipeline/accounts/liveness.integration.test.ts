import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ImapSpec } from '../../../src/api/kinds/imap.ts';
import { resolveSource } from '../../../src/api/resolve.ts';
import { assess } from '../../../src/operator/health.ts';
import { createImapSource } from '../../../src/sources/imap/source.ts';
import { startTcpProxy, type TcpProxy } from '../../kubernetes/tcp-proxy.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message } from '../../support/worker.ts';
import { FakeSink, startAccount } from '../fakes.ts';

const pollMs = 500;
let postgres: Postgres;
let dovecot: Dovecot;
let proxy: TcpProxy;
let sink: FakeSink;
let running: Awaited<ReturnType<typeof startAccount>> | undefined;

beforeAll(async () => {
  [postgres, dovecot] = await Promise.all([startPostgres(), startDovecot({ tls: false })]);
});
afterAll(async () => {
  await postgres?.stop();
  await dovecot?.stop();
});
beforeEach(async () => {
  proxy = await startTcpProxy(new URL(`tcp://127.0.0.1:${dovecot.port}`));
  sink = new FakeSink('warehouse');
});
afterEach(async () => {
  await running?.end();
  running = undefined;
  await proxy.close();
});

/** Works on the folders of a user through the proxy. */
async function start(user: string, folders: ImapSpec['folders']) {
  for (const folder of ['INBOX', 'Archive', 'Sent']) dovecot.makeFolder(user, folder);
  const auth = { secretRef: { name: 'login' } };
  const imap = { host: '127.0.0.1', port: proxy.port, tls: { mode: 'None' as const }, auth, folders };
  const { spec } = resolveSource({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'MailboxSource',
    metadata: { name: 'inbox', namespace: 'ns' },
    spec: { imap: { ...imap, pollInterval: `${pollMs}ms` } },
  });
  const source = await createImapSource({
    name: 'inbox',
    namespace: 'ns',
    spec: spec.imap!,
    secret: async (_, key) => (key === 'username' ? user : 'secret'),
    timeouts: { answer: 500, connect: 2_000, login: 5_000 },
  });
  running = await startAccount(postgres, { source: () => source }, [sink]);
  const { account } = running;
  await eventually(
    () => account.status().folders.length > 0 && account.status().folders.every(({ checkedAt }) => checkedAt),
  );
  return running;
}

test('a connection that is half dead is noticed within two intervals, and says so', async () => {
  const { account, health } = await start('half', { include: ['INBOX', 'Archive'] });
  expect(account.status().connection.ok).toBe(true);
  const [frozen, frozenAt] = [performance.now(), Date.now()];
  proxy.freeze();
  await eventually(() => account.status().connection.code === 'IMAP_CONNECTION_LOST', 5_000);
  expect(performance.now() - frozen).toBeLessThan(2 * pollMs + 2_000);
  // That it was noticed is no answer: how long ago the server spoke counts from its last word.
  for (const { checkedAt } of account.status().folders) expect(Date.parse(checkedAt!) - frozenAt).toBeLessThan(300);
  // As long as nothing gets through, the condition says why.
  proxy.cut();
  const before = account.status();
  const status = {
    namespace: 'ns',
    pipeline: 'mail',
    revision: 'r1',
    ready: true,
    store: health.storeHealth,
    sinks: [],
    accounts: [before],
    counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
    runs: [],
  };
  const later = Date.now() + 2 * pollMs + 30_001;
  const { flowing } = assess([{ pod: 'w', status }], pollMs, later);
  expect(flowing).toMatchObject({ status: 'False', reason: 'FoldersNotChecked' });
  expect(flowing.message).toMatch(/IMAP_(CONNECTION_LOST|UNREACHABLE)/);
  proxy.pass();
  dovecot.deliver('half', 'Archive', message('late'));
  await eventually(() => sink.rows.size === 1, 20_000);
  await eventually(() => account.status().connection.ok);
});

test('after 50 lost connections the server has no more of ours than before, and every message is there', async () => {
  await start('lost', { include: ['INBOX', 'Archive', 'Sent'], watch: ['Sent'] });
  // INBOX and Sent are waited in; Archive is polled.
  await eventually(() => dovecot.connections() === 2, 10_000);
  for (let n = 1; n <= 50; n++) {
    dovecot.deliver('lost', ['INBOX', 'Archive', 'Sent'][n % 3]!, message(n));
    proxy.cut();
    proxy.pass();
    await eventually(() => sink.rows.size === n, 30_000);
  }
  await eventually(() => dovecot.connections() === 2 && proxy.connections === 2, 20_000);
  expect(new Set(sink.subjects).size).toBe(50);
}, 240_000);
