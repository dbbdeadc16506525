import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { message, type PodFiles, podFiles, sql } from '../support/worker.ts';
import { trace, traced } from './mailmill.ts';

const user = 'tracy';
let dovecot: Dovecot;
let postgres: Postgres;
let pod: PodFiles;
let store: string;

beforeAll(async () => {
  [dovecot, postgres] = await Promise.all([startDovecot(), startPostgres()]);
  store = await postgres.createDatabase();
  pod = podFiles({
    source: {
      imap: {
        ...{ host: dovecot.host, port: dovecot.port, tls: { mode: 'None' }, auth: { secretRef: { name: 'imap' } } },
        ...{ folders: { include: ['**'], exclude: ['Drafts'] }, since: '2020-01-01' },
      },
    },
    pipeline: {
      source: { name: 'inbox' },
      steps: [
        { name: 'wanted', filter: 'subject != "Message dropped"' },
        { name: 'number', set: { number: 'subject == "Message dead" ? int(subject) : 1' } },
      ],
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'mailmill-store' }, table: 'emails' } }],
    },
    secrets: { imap: { username: user, password: 'secret' }, 'mailmill-store': { uri: store } },
  });
  for (const what of ['delivered', 'dropped', 'dead']) dovecot.deliver(user, 'INBOX', message(what));
  dovecot.deliver(user, 'INBOX', message('old'), { internalDate: new Date('2001-02-03T04:05:06Z') });
  dovecot.deliver(user, 'Drafts', message('draft'));
  dovecot.deliver(user, 'Archive/2026', message('a b "c"'));
  expect(await pod.once('first')).toMatchObject({ code: 0 });
  dovecot.deliver(user, 'INBOX', message('late'));
});
afterAll(async () => {
  pod?.remove();
  await dovecot?.stop();
  await postgres?.stop();
});

interface Told {
  readonly state: string;
  readonly because: string;
  readonly id?: string;
  readonly mailbox?: readonly { readonly folder: string; readonly uid: number; readonly selected: boolean }[];
  readonly deliveries: readonly { readonly row: string; readonly table: string; readonly status: string }[];
  readonly record?: { readonly revision: string; readonly recordedAt: string };
}

const tell = (...args: string[]) => traced<Told>(pod, ...args);
const byMessageId = (what: string) => tell('--message-id', `<m-${what}@example.org>`);

describe('mailmill trace', () => {
  test('finds what was delivered, with its row, by Message-ID, id and UID', async () => {
    const { code, told } = await byMessageId('delivered');
    expect([code, told.length]).toEqual([0, 1]);
    const [one] = told;
    expect(one).toMatchObject({
      ...{ state: 'Delivered', mailbox: [{ folder: 'INBOX', uid: 1, selected: true }] },
      ...{ record: { revision: pod.revision.hash }, deliveries: [{ table: 'public.emails', status: 'Acknowledged' }] },
    });
    const rows = await sql(store, 'SELECT FROM emails WHERE _mailmill_id = $1 AND subject = $2', [
      one!.deliveries[0]!.row,
      'Message delivered',
    ]);
    expect(rows).toHaveLength(1);
    for (const question of [
      ['--id', one!.id!],
      ['--uid', 'INBOX/1'],
    ] as const)
      expect((await tell(...question)).told[0]).toMatchObject({ state: 'Delivered', id: one!.id });
    const shown = await trace(pod, '--id', one!.id!);
    expect(shown.stdout).toContain('was delivered');
    expect(shown.stdout).not.toMatch(/tracy|Ann|Message delivered/);
  });

  test('says which step filtered it, and which error it died of', async () => {
    expect(await byMessageId('dropped')).toMatchObject({
      ...{ code: 0, told: [{ state: 'Dropped', because: 'the step wanted filtered it out' }] },
    });
    const dead = await byMessageId('dead');
    expect(dead).toMatchObject({ code: 1, told: [{ state: 'Dead', record: { step: 'number' } }] });
    expect(dead.told[0]?.because).toMatch(/in the step number \([A-Z_]+\): /);
  });

  test('says that a folder is not read, that it is older than since, that it waits, that nobody has it', async () => {
    expect(await byMessageId('draft')).toMatchObject({
      ...{ code: 0, told: [{ state: 'FolderExcluded', mailbox: [{ folder: 'Drafts', selected: false }] }] },
    });
    expect(await tell('--uid', 'Drafts/1')).toMatchObject({ code: 0, told: [{ state: 'FolderExcluded' }] });
    expect(await byMessageId('old')).toMatchObject({ code: 0, told: [{ state: 'BeforeSince' }] });
    expect(await byMessageId('late')).toMatchObject({ code: 1, told: [{ state: 'Waiting' }] });
    expect(await byMessageId('nobody')).toMatchObject({ code: 1, told: [{ state: 'NeverSeen' }] });
    // Servers search for a part of the field.
    expect(await tell('--message-id', 'm-deliv')).toMatchObject({ code: 1, told: [{ state: 'NeverSeen' }] });
    expect(await tell('--uid', 'INBOX/99')).toMatchObject({ code: 1, told: [{ state: 'NeverSeen' }] });
    expect(await tell('--uid', 'Nowhere/1')).toMatchObject({ code: 1, told: [{ state: 'NeverSeen' }] });
  });

  test('a Message-ID may hold blanks and quotes', async () => {
    expect(await byMessageId('a b "c"')).toMatchObject({ code: 0, told: [{ mailbox: [{ folder: 'Archive/2026' }] }] });
  });

  test('says that it was handled in an earlier epoch', async () => {
    const before = (await byMessageId('delivered')).told[0]?.id;
    await dovecot.newEpoch(user);
    expect(await pod.once('second')).toMatchObject({ code: 0 });
    const { code, told } = await byMessageId('delivered');
    expect([code, told[0]?.id, told[0]?.state]).toEqual([0, before, 'Delivered']);
    expect(told[0]?.because).toMatch(/handled when it was at INBOX UID 1 of an earlier UIDVALIDITY/);
  });

  test('knows mail that was moved to where nobody reads, and deleted mail, from tables and dead letters', async () => {
    const before = (await byMessageId('delivered')).told[0]?.id;
    const [gone, moved] = [await byMessageId('dead'), await byMessageId('delivered')].map(({ told }) => told[0]!);
    const folder = dovecot.mailDir(user, 'INBOX');
    const fileOf = (what: string) => {
      const files = ['new', 'cur'].flatMap((sub) =>
        fs.readdirSync(path.join(folder, sub)).map((name) => path.join(folder, sub, name)),
      );
      return files.find((file) => fs.readFileSync(file, 'latin1').includes(`<m-${what}@example.org>`))!;
    };
    fs.rmSync(fileOf('dead'));
    fs.renameSync(fileOf('delivered'), path.join(dovecot.mailDir(user, 'Drafts'), 'new', 'moved'));
    const drafts = await byMessageId('delivered');
    expect(drafts).toMatchObject({
      code: 0,
      told: [{ id: before, state: 'Delivered', mailbox: [{ folder: 'Drafts' }] }],
    });
    expect(drafts.told[0]?.because).toMatch(/handled when it was at INBOX UID/);
    expect(moved?.id).toBe(before);
    expect(await byMessageId('dead')).toMatchObject({ code: 1, told: [{ id: gone?.id, state: 'Dead', mailbox: [] }] });

    fs.rmSync(path.join(dovecot.mailDir(user, 'Drafts'), 'new', 'moved'), { force: true });
    for (const file of fs.readdirSync(path.join(dovecot.mailDir(user, 'Drafts'), 'cur')))
      fs.rmSync(path.join(dovecot.mailDir(user, 'Drafts'), 'cur', file));
    expect(await byMessageId('delivered')).toMatchObject({
      code: 0,
      told: [{ id: before, state: 'Delivered', mailbox: [] }],
    });
  });

  test('a question that is none is answered with the usage', async () => {
    for (const args of [[], ['--id', 'x'], ['--id', before(), '--uid', 'INBOX/1']]) {
      const { code, stderr } = await trace(pod, ...args);
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(/^mailmill trace: (say|--id) .*\n\nusage: mailmill trace/),
      ]);
    }
  });
});

const before = () => '0191c2a5-3c58-8000-8000-000000000001';
