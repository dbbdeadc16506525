import fs from 'node:fs';
import { zstdDecompressSync } from 'node:zlib';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { type Change, compare, type Look } from '../../../src/pipeline/commits/changes.ts';
import { queuedChanges } from '../../../src/pipeline/outbox/queued-changes.ts';
import { compilePipeline } from '../../../src/pipeline/revision/compile.ts';
import type { KnownMessage } from '../../../src/store/changes.ts';

const message = (uid: number, flags = '', more: Partial<KnownMessage> = {}): KnownMessage => ({
  uid,
  messageId: `message-${uid}`,
  flags,
  version: 0,
  missing: false,
  ...more,
});
const look = (messages: readonly KnownMessage[], more: Partial<Look> = {}): Look => ({
  epochId: 1n,
  before: { modseq: undefined, round: 0n, messages: new Map(messages.map((each) => [each.uid, each])) },
  added: new Map(),
  flagged: [],
  listed: new Set(messages.map(({ uid }) => uid)),
  elsewhere: undefined,
  ...more,
});

describe('what a look makes known', () => {
  test('nothing of a message that was just read but its flags', () => {
    const added = new Map([[2, 'message-2']]);
    const flagged = [{ uid: 2, flags: ['b', '\\Seen'] }];
    const found = compare(look([message(1)], { added, flagged, listed: new Set([1, 2]) }));
    expect(found).toEqual({ changes: [], known: [message(2, '\\Seen b')], gone: [], more: false });
  });

  test('other flags, once, in whatever order they come', () => {
    const flagged = [{ uid: 1, flags: ['\\Seen', 'a'] }];
    const first = compare(look([message(1)], { flagged }));
    expect(first.changes).toMatchObject([{ kind: 'flags', messageId: 'message-1', uid: 1, flags: '\\Seen a' }]);
    expect(first.known).toEqual([message(1, '\\Seen a', { version: 1 })]);
    expect(compare(look(first.known, { flagged: [{ uid: 1, flags: ['a', '\\Seen'] }] })).changes).toEqual([]);
  });

  test('the same id for a repeat, another for the next time', () => {
    const flagged = [{ uid: 1, flags: ['a'] }];
    const [one, again] = [compare(look([message(1)], { flagged })), compare(look([message(1)], { flagged }))];
    expect(again).toEqual(one);
    const next = compare(look(one.known, { flagged: [{ uid: 1, flags: [] }] }));
    expect(next.changes[0]?.id).not.toBe(one.changes[0]?.id);
    expect(next.changes[0]?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test('that a message is gone, at once where no server could tell a move', () => {
    const found = compare(look([message(1, 'a'), message(2)], { listed: new Set([2]) }));
    expect(found).toMatchObject({ changes: [{ kind: 'expunge', uid: 1, flags: 'a' }], known: [], gone: [{ uid: 1 }] });
  });

  test('that it was moved, once it has had time to turn up elsewhere', () => {
    const gone = { listed: new Set([3]), elsewhere: new Map([['message-1', 'Archive']]) };
    const first = compare(look([message(1), message(2), message(3)], gone));
    expect(first).toMatchObject({ changes: [], gone: [] });
    const second = compare(look([...first.known, message(3)], gone));
    expect(second.changes).toMatchObject([
      { kind: 'move', uid: 1, toFolder: 'Archive' },
      { kind: 'expunge', uid: 2 },
    ]);
    expect(second.gone.map(({ uid }) => uid)).toEqual([1, 2]);
  });

  test('nothing of a message that was gone before anybody looked, once and for all', () => {
    const found = compare(look([], { added: new Map([[2, 'message-2']]) }));
    expect(found).toMatchObject({ changes: [], known: [], gone: [{ uid: 2, messageId: 'message-2' }] });
  });

  describe('of messages whose flags are known from when they were read', () => {
    const added = new Map([
      [1, 'message-1'],
      [2, 'message-2'],
      [3, 'message-3'],
    ]);
    const readWith = new Map([
      [1, ''],
      [2, 'a'],
      [3, 'b'],
    ]);
    const flagged = [
      { uid: 1, flags: ['\\Seen'] },
      { uid: 2, flags: ['a'] },
    ];

    test('what has happened to them before the first look', () => {
      const found = compare(look([], { added, readWith, flagged, listed: new Set([1, 2]) }));
      expect(found.changes).toMatchObject([
        { kind: 'flags', uid: 1, flags: '\\Seen' },
        { kind: 'expunge', uid: 3, flags: 'b' },
      ]);
      expect(found.known).toEqual([message(1, '\\Seen', { version: 1 }), message(2, 'a')]);
      expect(found.gone).toEqual([message(3, 'b')]);
    });

    test('so many in one look, and the others in the next', () => {
      const uids = Array.from({ length: 10_001 }, (_, i) => i + 1);
      const all = {
        added: new Map(uids.map((uid) => [uid, `message-${uid}`])),
        readWith: new Map(uids.map((uid) => [uid, ''])),
      };
      const found = compare(look([], all));
      expect([found.changes.length, found.gone.length, found.more]).toEqual([10_000, 10_000, true]);
      const told = new Set(found.gone.map(({ uid }) => uid));
      const left = new Map([...all.added].filter(([uid]) => !told.has(uid)));
      expect(compare(look([], { ...all, added: left }))).toMatchObject({ changes: [{}], more: false });
    });
  });
});

test('changes are refused for sources that have none', () => {
  const changes = ['flags' as const];
  const postgres = { secretRef: { name: 'db' }, table: 'emails', changes };
  const webhook = { url: 'https://example.com', changes };
  const sinks = [
    { name: 'warehouse', postgres },
    { name: 'hook', webhook },
  ];
  const spec = { source: { name: 'box' }, sinks };
  const of = (source: Parameters<typeof compilePipeline>[1][number]['spec']) =>
    compilePipeline({ metadata: { name: 'mail' }, spec }, [{ metadata: { name: 'box' }, spec: source }]);
  expect(of({ imap: { host: 'mail.example.com', auth: { secretRef: { name: 'login' } } } })).toMatchObject({
    ok: true,
  });
  const refused = of({ maildir: { path: '/var/mail/box' } });
  const paths = ['spec.sinks[0].postgres.changes', 'spec.sinks[1].webhook.changes'];
  expect(refused).toMatchObject({ ok: false, issues: paths.map((path) => ({ path })) });
});

test('of an archive, changes that it does not keep are refused', () => {
  const imap = { host: 'mail.example.com', auth: { secretRef: { name: 'login' } } };
  const of = (kept?: readonly ('flags' | 'expunge' | 'move')[]) => {
    const postgres = { secretRef: { name: 'db' }, table: 'emails', changes: ['move' as const, 'flags' as const] };
    const spec = { source: { name: 'box' }, sinks: [{ name: 'warehouse', postgres }] };
    const archive = { postgres: {}, ...(kept && { changes: [...kept] }) };
    return compilePipeline({ metadata: { name: 'mail' }, spec }, [
      { metadata: { name: 'box' }, spec: { imap, archive } },
    ]);
  };
  expect(of(['flags', 'expunge', 'move'])).toMatchObject({ ok: true });
  expect(of(['flags', 'expunge'])).toEqual({
    ok: false,
    issues: [
      {
        path: 'spec.sinks[0].postgres.changes',
        message: 'the archive of source "box" does not keep move, and the pipeline does not read the mailbox itself',
        suggestion: 'set archive.changes: [flags, expunge, move] in the source, or leave move out here',
      },
    ],
  });
  expect(of()).toMatchObject({ issues: [{ suggestion: /archive.changes: \[move, flags\]/ }] });
});

describe('a change as queues are sent it', () => {
  const schema: Record<string, unknown> = JSON.parse(
    fs.readFileSync(new URL('../../../src/pipeline/commits/change.schema.json', import.meta.url), 'utf8'),
  );
  const flags = {
    id: '00000000-0000-8000-8000-00000000000a',
    messageId: '00000000-0000-8000-8000-00000000000b',
    uid: 7,
    flags: '\\Seen todo',
  };
  const origin = { source: 'box', account: 'ann', folder: 'INBOX' };
  const at = new Date('2026-11-21T12:00:00Z');
  const sent = async (...changes: readonly Change[]) => {
    const queued = await queuedChanges(
      { namespace: 'n', pipeline: 'p' },
      changes.map((change) => ({ ...change, at })),
      origin,
    );
    return queued.map(({ document }) => JSON.parse(String(zstdDecompressSync(document.json ?? Buffer.alloc(0)))));
  };

  test('says what it is, under an id of its own', async () => {
    const [event] = await sent({ ...flags, kind: 'flags' });
    expect(event).toEqual({
      type: 'mailmill.change',
      timestamp: '2026-11-21T12:00:00.000Z',
      data: {
        id: flags.id,
        edition: 1,
        namespace: 'n',
        pipeline: 'p',
        source: 'box',
        document: {
          change: 'flags',
          message: flags.messageId,
          ...{ account: 'ann', folder: 'INBOX', uid: 7, flags: ['\\Seen', 'todo'], toFolder: null },
          at: '2026-11-21T12:00:00.000Z',
        },
      },
    });
  });

  test('is what the schema says, of every kind', async () => {
    const events = await sent(
      { ...flags, kind: 'flags' },
      { ...flags, kind: 'expunge', flags: '' },
      { ...flags, kind: 'move', toFolder: 'Archive' },
    );
    for (const event of events) expect([...Value.Errors(schema, event)]).toEqual([]);
    expect(Value.Check(schema, { ...events[0], type: 'mailmill.document' })).toBe(false);
  });
});
