import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { type Receiver, startReceiver } from '../support/webhook-receiver.ts';
import { message, type PodFiles, podFiles, sql } from '../support/worker.ts';
import { trace, traced } from './mailmill.ts';

const user = 'della';
let dovecot: Dovecot;
let postgres: Postgres;
let receiver: Receiver;
let pod: PodFiles;
let store: string;

/** All mail is gone from the mailbox, and no sink has a table that could be asked. */
beforeAll(async () => {
  [dovecot, postgres, receiver] = await Promise.all([startDovecot(), startPostgres(), startReceiver()]);
  store = await postgres.createDatabase();
  pod = podFiles({
    source: {
      imap: { host: dovecot.host, port: dovecot.port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } },
    },
    pipeline: {
      source: { name: 'inbox' },
      // Nothing of the header is asked for: the Message-ID is found all the same.
      steps: [{ name: 'short', filter: 'size < 1000' }],
      sinks: [{ name: 'hook', webhook: { url: receiver.url, mode: 'Raw' } }],
    },
    secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store } },
  });
  receiver.react(({ body }) => ({ status: body.includes('Message refused') ? 422 : 204 }));
  for (const what of ['delivered', 'refused']) dovecot.deliver(user, 'INBOX', message(what));
  for (const what of ['dropped', 'before']) dovecot.deliver(user, 'INBOX', message(what, `${'long '.repeat(300)}\r\n`));
  const folded = message('folded').toString().replace('Message-ID: <m-folded@', 'Message-ID:\r\n <m-folded\r\n @');
  dovecot.deliver(user, 'INBOX', folded);
  const worker = await pod.start();
  const settled = 'SELECT FROM mailmill.delivery WHERE status IN ($1, $2)';
  await eventually(async () => receiver.received.length >= 3, 30_000);
  await eventually(async () => (await sql(store, settled, ['Acknowledged', 'Dead'])).length === 3, 20_000);
  worker.kill('SIGTERM');
  expect(await worker.exited).toBe(0);
  for (const sub of ['new', 'cur']) {
    const folder = path.join(dovecot.mailDir(user, 'INBOX'), sub);
    for (const file of fs.readdirSync(folder)) fs.rmSync(path.join(folder, file));
  }
});
afterAll(async () => {
  pod?.remove();
  await receiver?.stop();
  await dovecot?.stop();
  await postgres?.stop();
});

interface Told {
  readonly state: string;
  readonly because: string;
  readonly unhashed?: { readonly count: number; readonly until: string };
}

const tell = (what: string) => traced<Told>(pod, '--message-id', `<m-${what}@example.org>`);
const gone = { byHash: true, mailbox: [], seen: [{ folder: 'INBOX', read: true }] };

describe('mailmill trace of mail that is deleted', () => {
  test('says which step filtered it', async () => {
    expect(await tell('dropped')).toMatchObject({
      code: 0,
      told: [{ ...gone, state: 'Dropped', because: 'the step short filtered it out', record: { step: 'short' } }],
    });
  });

  test('says to which webhook it went, when, and under which key', async () => {
    const ids = receiver.received.map(({ headers }) => String(headers['webhook-id']));
    for (const what of ['delivered', 'folded'])
      expect(await tell(what)).toMatchObject({
        code: 0,
        told: [{ ...gone, state: 'Delivered', deliveries: [{ sink: 'hook', status: 'Acknowledged' }] }],
      });
    const { stdout } = await trace(pod, '--message-id', 'm-delivered@example.org');
    expect(stdout).toMatch(/found by +the hash of its Message-ID/);
    const [, at, key] = /sink +hook Acknowledged (\S+): webhook-id (\S+)\n/.exec(stdout) ?? [];
    expect(ids).toContain(key);
    const acknowledged = `SELECT recorded_at AS at FROM mailmill.delivery WHERE status = 'Acknowledged'`;
    const times = await sql<{ at: Date }>(store, acknowledged);
    expect(times.map((row) => row.at.toISOString())).toContain(at);
    expect(stdout).not.toMatch(/della|Ann|Message delivered|m-delivered/);
  });

  test('says that the receiver refused it', async () => {
    const { code, told } = await tell('refused');
    expect(code).toBe(1);
    expect(told).toMatchObject([{ ...gone, state: 'Dead', deliveries: [{ sink: 'hook', code: 'SINK_REFUSED' }] }]);
  });

  test('never seen is what nobody has read', async () => {
    for (const what of ['nobody', 'deliver']) {
      const { code, told } = await tell(what);
      expect([code, told.length, told[0]?.state, told[0]?.unhashed]).toEqual([1, 1, 'NeverSeen', undefined]);
      expect(told[0]?.because).toMatch(/has read no mail with it within its retention \(90d\)$/);
    }
  });

  test('says that it may be one of those that a version before read', async () => {
    const [record] = await sql<{ at: Date }>(
      store,
      `UPDATE mailmill.message SET header_id_hash = NULL
        WHERE state = 'Dropped' AND uid = (SELECT max(uid) FROM mailmill.message WHERE state = 'Dropped') RETURNING recorded_at AS at`,
    );
    const until = record!.at.toISOString();
    const { code, told } = await tell('before');
    expect(code).toBe(1);
    expect(told).toMatchObject([{ state: 'NeverSeen', unhashed: { count: 1, until } }]);
    expect(told[0]?.because).toContain(`1 of them, the last of ${until}, do not know theirs`);
    expect(await tell('dropped')).toMatchObject({ code: 0, told: [{ state: 'Dropped' }] });
  });
});
