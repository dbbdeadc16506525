import { expect, test } from 'vitest';
import { imapClient } from '../../support/imap-client.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { eventually } from '../../support/processes.ts';
import { type Received, startReceiver } from '../../support/webhook-receiver.ts';
import { message, type PodOptions, sql } from '../../support/worker.ts';

const servers = mailToStore();
const { closing } = servers;
let users = 0;

type Sinks = PodOptions['pipeline']['sinks'];

/** Three messages in INBOX, a client of ours, and a pipeline whose sinks are given the address of a receiver. */
async function world(sinks: (url: string) => Sinks) {
  const { host, port } = servers.dovecot;
  const user = `hooked${++users}`;
  for (const n of [1, 2, 3]) servers.dovecot.deliver(user, 'INBOX', message(n));
  const client = await imapClient(servers.dovecot, user);
  closing.push(() => client.logout());
  await client.mailboxOpen('INBOX');
  const receiver = await startReceiver();
  closing.push(() => receiver.stop());
  const store = await servers.postgres.createDatabase();
  const imap = { host, port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } }, pollInterval: '200ms' };
  const pod = servers.pod({
    source: { imap: { ...imap, tls: { mode: 'None' } } },
    pipeline: { source: { name: 'inbox' }, sinks: sinks(receiver.url) },
    secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store } },
  });
  const start = async () => {
    const worker = await pod.start();
    const end = async () => {
      worker.kill('SIGKILL');
      await worker.exited;
    };
    return { end };
  };
  const known = () =>
    eventually(async () => {
      const [row] = await sql<{ n: number }>(store, 'SELECT count(*)::int AS n FROM mailmill.change_state').catch(
        () => [],
      );
      return row?.n === 3;
    }, 30_000);
  const of = (type: string) => receiver.received.filter((each) => bodyOf(each).type === `mailmill.${type}`);
  return { client, receiver, store, pod, start, known, documents: () => of('document'), changes: () => of('change') };
}

const bodyOf = ({ body }: Received) => JSON.parse(body.toString());
const keyOf = ({ headers }: Received) => String(headers['webhook-id']);
const told = (some: readonly Received[]) =>
  some.map((each) => [bodyOf(each).data.document.change, bodyOf(each).data.document.uid]).sort();

test('a webhook is told what happens to messages that it was sent, of the kinds that it asks for', async () => {
  const it = await world((url) => [
    { name: 'all', webhook: { url: `${url}/all`, changes: ['flags', 'expunge'] } },
    { name: 'gone', webhook: { url: `${url}/gone`, changes: ['expunge'] } },
    { name: 'mail', webhook: { url: `${url}/mail` } },
    { name: 'raw', webhook: { url: `${url}/raw`, mode: 'Raw' } },
  ]);
  // Mail as it is, is no JSON.
  const sentTo = (path: string) => it.receiver.received.filter((each) => each.path === `/hook/${path}`);
  const changesTo = (path: string) => sentTo(path).filter((each) => bodyOf(each).type === 'mailmill.change');
  await it.start();
  await it.known();
  await it.client.messageFlagsAdd('1', ['\\Seen', 'todo'], { uid: true });
  await it.client.messageDelete('2', { uid: true });
  await eventually(() => changesTo('all').length >= 2 && changesTo('gone').length >= 1, 30_000);
  await it.client.messageFlagsRemove('1', ['todo'], { uid: true });
  await eventually(() => changesTo('all').length >= 3, 30_000);
  expect(told(changesTo('all'))).toEqual([
    ['expunge', 2],
    ['flags', 1],
    ['flags', 1],
  ]);
  expect(told(changesTo('gone'))).toEqual([['expunge', 2]]);
  expect([changesTo('mail').length, sentTo('mail').length, sentTo('raw').length]).toEqual([0, 3, 3]);
  const ids = new Map(
    sentTo('all')
      .map(bodyOf)
      .flatMap(({ type, data }) => (type === 'mailmill.document' ? [[data.document.subject, data.id]] : [])),
  );
  const [first, last] = changesTo('all').filter((each) => bodyOf(each).data.document.change === 'flags');
  expect(bodyOf(first!).data).toMatchObject({
    ...{ namespace: 'test', pipeline: 'mail', source: 'inbox', edition: 1 },
    document: { message: ids.get('Message 1'), folder: 'INBOX', flags: ['\\Seen', 'todo'], toFolder: null },
  });
  expect(bodyOf(last!).data.document.flags).toEqual(['\\Seen']);
  const keys = it.receiver.received.map(keyOf);
  expect(new Set(keys).size).toBe(keys.length);
});

test('a change is sent until it is taken, also by the next worker, under one key; the mail under its own', async () => {
  const it = await world((url) => [
    { name: 'hook', webhook: { url, changes: ['flags', 'expunge'] }, retry: { backoff: '100ms' } },
  ]);
  const first = await it.start();
  await it.known();
  await eventually(() => it.documents().length === 3);
  it.receiver.react((request) => (bodyOf(request).type === 'mailmill.change' ? 'hang' : { status: 204 }));
  await it.client.messageFlagsAdd('1', ['\\Flagged'], { uid: true });
  await eventually(() => it.changes().length > 0, 30_000);
  await first.end();
  it.receiver.react(() => ({ status: it.changes().length < 3 ? 503 : 204 }));
  await it.start();
  await eventually(() => it.changes().length >= 3, 60_000);
  await eventually(async () => (await sql(it.store, 'SELECT FROM mailmill.outbox')).length === 0);
  expect(new Set(it.changes().map(keyOf)).size).toBe(1);
  expect(new Set(it.changes().map((each) => bodyOf(each).data.id)).size).toBe(1);
  expect(it.documents().map(keyOf)).not.toContain(keyOf(it.changes()[0]!));
  expect(await sql(it.store, 'SELECT FROM mailmill.outbox_payload')).toEqual([]);
});
