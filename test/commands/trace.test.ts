import { describe, expect, test } from 'vitest';
import { type Found, fateAt, fateInStore, isSettled } from '../../src/commands/trace/fate.ts';
import { nowhere, traceJson, traceLines } from '../../src/commands/trace/show.ts';
import { questionOf } from '../../src/commands/trace.ts';
import type { Revision } from '../../src/pipeline/revision/revision.ts';
import type { MessageRecord, MessageTrace, PlaceKnowledge, Sighting, TracedDelivery } from '../../src/store/trace.ts';

const id = '0191c2a5-3c58-8000-8000-000000000001';
const receivedAt = new Date('2026-01-02T03:04:05Z');
const found: Found = { folder: 'INBOX', selected: true, uidvalidity: 7n, uid: 5, receivedAt };
const cursor = { finished: true, since: undefined, firstUidNext: 10 };
const knowledge: PlaceKnowledge = { uidvalidity: 7n, retired: false, messageId: id, receivedAt, cursor };
const sighting: Sighting = {
  ...{ source: 'inbox', account: 'ann', folder: 'INBOX', uidvalidity: 7n, uid: 5 },
  ...{ retired: false, receivedAt, read: true },
};
const record: MessageRecord = {
  ...{ state: 'Processed', step: undefined, code: undefined, edition: 1, revision: 'r1' },
  ...{ folder: 'INBOX', uidvalidity: 7n, uid: 5, recordedAt: receivedAt },
};
const delivery: TracedDelivery = {
  ...{ sink: 'warehouse', documentId: id, edition: 1, code: undefined, recordedAt: receivedAt },
  status: 'Acknowledged',
};
const trace: MessageTrace = {
  ...{ messageId: id, sightings: [sighting], records: [record], deliveries: [delivery], dead: undefined },
};

describe('the fate of a message in the mailbox', () => {
  const unread = { ...trace, records: [], deliveries: [], sightings: [{ ...sighting, read: false }] };
  const since = { ...cursor, since: new Date('2026-02-01T00:00:00Z') };
  const dropped: MessageTrace = {
    ...trace,
    records: [{ ...record, state: 'Dropped', step: 'wanted' }],
    deliveries: [],
  };
  const dead: MessageTrace = {
    ...{ ...trace, records: [{ ...record, state: 'Dead', code: 'STEP_FAILED', step: 'read' }], deliveries: [] },
    dead: { detail: 'no such key', sink: undefined, resolved: false },
  };
  const cases: readonly [string, Found, PlaceKnowledge | undefined, MessageTrace | undefined, string, RegExp][] = [
    ['delivered', found, knowledge, trace, 'Delivered', /^every sink has acknowledged it$/],
    ['filtered', found, knowledge, dropped, 'Dropped', /the step wanted filtered it out/],
    ['dead', found, knowledge, dead, 'Dead', /in the step read \(STEP_FAILED\): no such key/],
    ['resolved', found, knowledge, { ...dead, dead: { ...dead.dead!, resolved: true } }, 'Resolved', /STEP_FAILED/],
    [
      'retried',
      found,
      knowledge,
      { ...trace, deliveries: [{ ...delivery, status: 'Retrying' }] },
      'Waiting',
      /Retrying/,
    ],
    [
      'in an excluded folder',
      { ...found, selected: false },
      undefined,
      undefined,
      'FolderExcluded',
      /folders\.exclude/,
    ],
    ['in a folder that was not opened yet', found, undefined, undefined, 'Waiting', /has not seen it yet/],
    ['without a UID yet', { ...found, uid: undefined }, undefined, undefined, 'Waiting', /has not seen it yet/],
    [
      'above the cursor',
      found,
      { ...knowledge, cursor: { ...cursor, finished: false } },
      unread,
      'Waiting',
      /not finished/,
    ],
    ['older than since', found, { ...knowledge, cursor: since }, undefined, 'BeforeSince', /2026-02-01/],
    // What came after the folder's first sight is taken however old it says it is.
    ['old and new', { ...found, uid: 10 }, { ...knowledge, cursor: since }, undefined, 'Missing', /reconcile/],
    ['below the cursor and unknown', found, { ...knowledge, messageId: undefined }, undefined, 'Missing', /reconcile/],
    ['recorded by another pipeline only', found, { ...knowledge, cursor: undefined }, unread, 'Waiting', /not seen/],
    ['older than retention', found, knowledge, { ...trace, records: [], deliveries: [] }, 'Forgotten', /INBOX UID 5/],
  ];
  test.each(cases)('%s', (_, where, known, traced, state, because) => {
    const fate = fateAt(where, known, traced);
    expect(fate.state).toBe(state);
    expect(fate.because).toMatch(because);
    expect(isSettled(fate)).toBe(!['Waiting', 'Dead', 'Missing'].includes(state));
  });

  test('handled at another place, or in an earlier epoch', () => {
    expect(fateAt({ ...found, folder: 'Archive', uid: 2 }, knowledge, trace).because).toMatch(/at INBOX UID 5$/);
    expect(fateAt({ ...found, uidvalidity: 8n }, knowledge, trace).because).toMatch(
      /at INBOX UID 5 of an earlier UIDVALIDITY \(7\)$/,
    );
  });

  test('known to the store through another pipeline', () => {
    expect(fateInStore(unread, sighting, false, undefined).state).toBe('FolderExcluded');
    expect(fateInStore(unread, sighting, true, { ...knowledge, cursor: { ...cursor, finished: false } }).state).toBe(
      'Waiting',
    );
  });
});

const revision: Revision = {
  version: 1,
  ...{ namespace: 'ns', pipeline: 'mail', hash: 'r1', sources: [], steps: [], retention: '90d' },
  sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 's', key: 'uri' }, schema: 'public', table: 'emails' } }],
  storeRef: { name: 's', key: 'uri' },
};

test('what is shown has ids, places and rows, and no account', () => {
  const report = { source: 'inbox', id, fate: fateAt(found, knowledge, trace), found: [found], sightings: [sighting] };
  const text = traceLines(revision, report);
  expect(text).toContain(`mail inbox: ${id} was delivered`);
  expect(text).toContain('INBOX UID 5 (UIDVALIDITY 7), received 2026-01-02T03:04:05.000Z');
  expect(text).toContain(`_mailmill_id ${id} in public.emails`);
  const json = JSON.stringify(traceJson(revision, report));
  expect(JSON.parse(json)).toMatchObject({
    ...{ state: 'Delivered', seen: [{ folder: 'INBOX', uid: 5, uidvalidity: '7', read: true }] },
    deliveries: [{ sink: 'warehouse', table: 'public.emails', row: id }],
  });
  for (const shown of [text, json]) expect(shown).not.toContain('ann');
});

test('what was found by a hash alone is told so', () => {
  const report = { source: 'inbox', id, fate: fateAt(found, knowledge, trace), found: [], sightings: [sighting] };
  expect(traceLines(revision, report)).not.toContain('hash');
  expect(traceLines(revision, { ...report, byHash: true })).toMatch(/found by +the hash of its Message-ID/);
  expect(traceJson(revision, { ...report, byHash: true })).toMatchObject({ byHash: true });
});

test('never seen is said as far as it is known', () => {
  expect(nowhere('message-id', revision, undefined)).toMatch(/has read no mail with it within its retention \(90d\)$/);
  const unhashed = { count: 12, until: receivedAt };
  expect(nowhere('message-id', revision, unhashed)).toMatch(/12 of them, the last of 2026-01-02T03:04:05\.000Z, /);
  expect(nowhere('uid', revision, undefined)).not.toContain('retention');
});

test('a question is one of three, and never a command', () => {
  expect(questionOf({ 'message-id': ' <a@b> ' })).toEqual({ by: 'message-id', messageId: 'a@b' });
  expect(questionOf({ id: id.toUpperCase() })).toEqual({ by: 'id', id });
  expect(questionOf({ uid: 'Archive/2026/17' })).toEqual({ by: 'uid', folder: 'Archive/2026', uid: 17 });
  const wrong: readonly (readonly [Parameters<typeof questionOf>[0], RegExp])[] = [
    [{}, /^say which message/],
    [{ id, uid: 'INBOX/1' }, /^say which message, by one of/],
    [{ id: 'x' }, /^--id is no UUID/],
    [{ uid: 'INBOX' }, /^--uid .* INBOX\/17$/],
    [{ uid: 'INBOX/0' }, /^--uid /],
    [{ 'message-id': '<>' }, /^--message-id is empty/],
    [{ 'message-id': 'a@b"\r\nA1 LOGOUT' }, /^--message-id .* control character$/],
  ];
  for (const [values, sentence] of wrong) expect(questionOf(values)).toMatch(sentence);
});
