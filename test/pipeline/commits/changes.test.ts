import { describe, expect, test } from 'vitest';
import { compare, type Look } from '../../../src/pipeline/commits/changes.ts';
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
    expect(found).toEqual({ changes: [], known: [message(2, '\\Seen b')], gone: [] });
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
    expect(found).toMatchObject({ changes: [{ kind: 'expunge', uid: 1, flags: 'a' }], known: [], gone: [1] });
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
    expect(second.gone).toEqual([1, 2]);
  });
});

test('changes are refused for sources that have none', () => {
  const postgres = { secretRef: { name: 'db' }, table: 'emails', changes: ['flags' as const] };
  const spec = { source: { name: 'box' }, sinks: [{ name: 'warehouse', postgres }] };
  const of = (source: Parameters<typeof compilePipeline>[1][number]['spec']) =>
    compilePipeline({ metadata: { name: 'mail' }, spec }, [{ metadata: { name: 'box' }, spec: source }]);
  expect(of({ imap: { host: 'mail.example.com', auth: { secretRef: { name: 'login' } } } })).toMatchObject({
    ok: true,
  });
  const refused = of({ maildir: { path: '/var/mail/box' } });
  expect(refused).toMatchObject({ ok: false, issues: [{ path: 'spec.sinks[0].postgres.changes' }] });
});
