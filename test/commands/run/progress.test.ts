import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { AccountStatus, PipelineStatus } from '../../../src/api/worker-status.ts';
import { noticeLogger } from '../../../src/commands/run/notices.ts';
import { caughtUp, type ProgressLine, ProgressView, progressLine } from '../../../src/commands/run/progress.ts';

const since = '2026-11-01T00:00:00Z';
const account = (more: Partial<AccountStatus> = {}): AccountStatus => ({
  source: 'box',
  account: 0,
  role: 'Holder',
  connection: { ok: true, since },
  folders: [{ name: 'INBOX', state: 'Live', lagMessages: 0, lagSeconds: 0 }],
  ...more,
});
const status = (more: Partial<PipelineStatus> = {}): PipelineStatus => ({
  namespace: 'default',
  pipeline: 'mail',
  revision: '0123456789',
  ready: true,
  store: { ok: true, since },
  sinks: [],
  accounts: [account()],
  counters: { read: 9, delivered: 7, dropped: 1, dead: 1 },
  runs: [],
  ...more,
});
const reading = account({
  folders: [{ name: 'INBOX', state: 'CatchingUp', lagMessages: 12, lagSeconds: 3 }],
});

describe('the state of a pipeline in a word', () => {
  test.each<readonly [string, Partial<PipelineStatus>]>([
    ['up to date', {}],
    ['reading', { accounts: [account(), reading] }],
    ['reading', { accounts: [account({ folders: [] })] }],
    ['starting', { accounts: [] }],
    ['starting', { store: { ok: false, code: 'STORE_UNREACHABLE', since } }],
    ['connecting', { ready: false, accounts: [account({ connection: { ok: false, since } })] }],
    ['reconnecting', { accounts: [account({ connection: { ok: false, since } })] }],
    ['standing by', { accounts: [account({ role: 'Standby', folders: [] })] }],
    ['stalled', { stalled: { code: 'DEAD_RATE_EXCEEDED', message: 'too many' } }],
  ])('%s', (state, more) => expect(progressLine(status(more)).state).toBe(state));

  test('lag is summed over folders, figures are those of the worker', () =>
    expect(progressLine(status({ accounts: [reading, reading] }))).toEqual({
      name: 'mail',
      state: 'reading',
      lag: 24,
      read: 9,
      delivered: 7,
      dropped: 1,
      dead: 1,
    }));

  test('old mail is told with the time that it will take', () => {
    const folder = { name: 'INBOX', state: 'CatchingUp', lagMessages: 12, lagSeconds: 3 } as const;
    const backfill = { done: 300, total: 1_000, perSecond: 2, secondsLeft: 350 };
    const line = progressLine(status({ accounts: [account({ folders: [{ ...folder, backfill }] })] }));
    expect(line.backfill).toEqual(backfill);
    const stream = new PassThrough();
    new ProgressView(stream).draw([line], 0);
    expect(String(stream.read())).toContain('30 %, 6 min left');
  });

  test('a pipeline that stands still is not up to date', () =>
    expect(caughtUp(status({ stalled: { code: 'X', message: '' } }))).toBe(false));
});

function screen(tty: boolean, columns = 100) {
  const stream = Object.assign(new PassThrough(), { isTTY: tty, columns });
  const view = new ProgressView(stream);
  return { view, text: () => String(stream.read() ?? '').replaceAll('\x1b[', '<esc>') };
}
const line = (more: Partial<ProgressLine> = {}): ProgressLine => ({
  name: 'mail',
  state: 'reading',
  read: 0,
  lag: 0,
  delivered: 0,
  dropped: 0,
  dead: 0,
  ...more,
});

describe('the progress lines', () => {
  test('on a terminal each drawing replaces the last one, and the rate is that of the time between', () => {
    const { view, text } = screen(true);
    view.draw([line({ name: 'a' }), line({ name: 'long-name' })], 0);
    expect(text()).toMatch(/^a {10}reading {6} {4}0\/s.*\nlong-name .*\n$/);
    view.draw([line({ name: 'a', read: 500 }), line({ name: 'long-name' })], 2_000);
    expect(text()).toMatch(/^\r<esc>2A<esc>Ja +reading +250\/s /);
  });

  test('no line is as wide as the terminal: a wrapped one could not be replaced', () => {
    const { view, text } = screen(true, 40);
    view.draw([line({ delivered: 123_456 })], 0);
    expect(text().replace('\n', '').length).toBe(39);
  });

  test('a note stays above the lines', () => {
    const { view, text } = screen(true);
    view.draw([line()], 0);
    text();
    view.note('something happened');
    expect(text()).toMatch(/^\r<esc>1A<esc>Jsomething happened\nmail .*\n$/);
  });

  test('after the last drawing nothing is replaced', () => {
    const { view, text } = screen(true);
    view.draw([line()], 0, true);
    text();
    view.note('in all: 3');
    expect(text()).toBe('in all: 3\n');
  });

  test('elsewhere a line comes every 5 s at most, only when it says something new, and without control codes', () => {
    const { view, text } = screen(false);
    view.draw([line()], 0);
    view.draw([line({ read: 1 })], 4_999);
    view.draw([line({ read: 1 })], 5_000);
    view.draw([line({ read: 1 })], 20_000);
    const drawn = text();
    expect(drawn.split('\n')).toHaveLength(3);
    expect(drawn).not.toContain('<esc>');
    view.draw([line({ read: 2 })], 20_001, true);
    expect(text()).toMatch(/^mail /);
  });
});

describe('notices', () => {
  test('say where, what and the code; information stays in the log', () => {
    const lines: string[] = [];
    const log = noticeLogger(
      (text) => lines.push(text),
      () => 0,
    ).with({ pipeline: 'mail' });
    log.info('took the lease');
    log.warn('the server rejects the login; correct the Secret', { source: 'box', code: 'IMAP_AUTH_REJECTED' });
    expect(lines).toEqual(['! mail, box: the server rejects the login; correct the Secret [IMAP_AUTH_REJECTED]']);
  });

  test('the same one comes once a minute', () => {
    const lines: string[] = [];
    let now = 0;
    const log = noticeLogger(
      (text) => lines.push(text),
      () => now,
    );
    for (now of [0, 30_000, 59_999, 60_000, 61_000]) log.warn('cannot be reached');
    log.warn('something else');
    expect(lines).toHaveLength(3);
  });
});
