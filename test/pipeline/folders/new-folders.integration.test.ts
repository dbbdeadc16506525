import { expect, test } from 'vitest';
import { listEveryMs } from '../../../src/pipeline/accounts/wait-for-more.ts';
import { imapClient } from '../../support/imap-client.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { message, rowsReach, sql } from '../../support/worker.ts';

const servers = mailToStore();

test('a folder that comes, and goes, while a worker waits is noticed within the poll interval', async () => {
  const { dovecot, postgres, closing } = servers;
  const store = await postgres.createDatabase();
  const sink = await postgres.createDatabase();
  const auth = { secretRef: { name: 'imap' } };
  const at = { host: dovecot.host, port: dovecot.port, tls: { mode: 'None' as const }, auth };
  const pod = servers.pod({
    source: { imap: { ...at, folders: { include: ['INBOX', 'Projects/*'] }, pollInterval: '3s' } },
    pipeline: {
      source: { name: 'inbox' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { imap: { username: 'ann', password: 'secret' }, 'mailmill-store': { uri: store }, sink: { uri: sink } },
  });
  dovecot.deliver('ann', 'INBOX', message('one'));
  const worker = await pod.start();
  const folders = async () => (await worker.status()).pipelines[0]?.accounts[0]?.folders ?? [];
  await rowsReach(sink, 1);
  await eventually(async () => (await folders()).every(({ state }) => state === 'Live'));
  const client = await imapClient(dovecot, 'ann');
  closing.push(() => client.logout());
  await client.mailboxCreate('Projects/apollo');
  dovecot.deliver('ann', 'Projects/apollo', message('two'));
  dovecot.deliver('ann', 'Private', message('not wanted'));
  await rowsReach(sink, 2, 20_000);
  const names = async () => (await folders()).map(({ name }) => name).join();
  await eventually(async () => (await names()) === 'INBOX,Projects/apollo'); // never Private
  await client.mailboxDelete('Projects/apollo');
  await eventually(async () => (await names()) === 'INBOX', 20_000);
  await eventually(async () => {
    const [epoch] = await sql<{ open: number }>(
      store,
      `SELECT count(*) FILTER (WHERE retired_at IS NULL)::int AS open FROM mailmill.epoch`,
    );
    return epoch?.open === 1;
  });
  await client.mailboxCreate('Projects/apollo');
  dovecot.deliver('ann', 'Projects/apollo', message('three'));
  await rowsReach(sink, 3, 20_000);
});

test.each([
  ['a server whose folders are all named', { connectionsPerAccount: 4, pollMs: 60_000 }, 300_000],
  ['a server where more may come', { connectionsPerAccount: 4, pollMs: 60_000, newFolders: true }, 60_000],
  ['a server that is polled all the time', { connectionsPerAccount: 4, pollMs: 100, newFolders: true }, 2_000],
  ['a server that is hardly polled', { connectionsPerAccount: 4, pollMs: 3_600_000, newFolders: true }, 300_000],
  ['local files', { connectionsPerAccount: undefined, pollMs: 5_000 }, 5_000],
] as const)('folders are listed as often as it is worth: %s', (_, source, ms) => {
  expect(listEveryMs(source)).toBe(ms);
});
