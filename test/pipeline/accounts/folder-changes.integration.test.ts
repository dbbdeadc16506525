import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ScriptedMailbox as Box, Fault } from '../../sources/imap/scripted-mailbox.ts';
import { ScriptedMailbox } from '../../sources/imap/scripted-mailbox.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { FakeSink, runAccount, startContext } from '../fakes.ts';
import { fill } from '../folders/fault-world.ts';

const offered = 'IMAP4rev1 IDLE ESEARCH ENABLE CONDSTORE QRESYNC';
let postgres: Postgres;
const closing: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A folder of messages on a server with QRESYNC, of which a pipeline knows all; it is asked what has happened five times a second. */
async function world(messages = 6, capabilities = offered) {
  const box = await new ScriptedMailbox({ capabilities }).start();
  closing.push(() => box[Symbol.asyncDispose]());
  const mail = new FakeSink('warehouse');
  const sink = new FakeSink('changes');
  const started = await startContext(postgres, [mail]);
  closing.push(() => started.database.close());
  const { database } = started;
  const context = { ...started.context, changes: [{ sink, kinds: new Set(['flags', 'expunge'] as const) }] };
  let rows = 0;
  const commit = sink.commit.bind(sink);
  sink.commit = (told) => {
    rows += told.length;
    return commit(told);
  };
  fill(box, 'INBOX', messages);
  const source = await box.source({}, { inactivity: 2_000 });
  const start = async () => {
    const stop = new AbortController();
    const { running } = await runAccount({ ...started, context }, source, stop.signal);
    const end = () => {
      stop.abort();
      return running;
    };
    closing.push(end);
    return end;
  };
  const states = async () => (await database.query('SELECT FROM mailmill.change_state WHERE NOT gone')).length;
  const modseq = async () =>
    Number((await database.query<{ modseq: string }>('SELECT modseq FROM mailmill.change_cursor'))[0]?.modseq);
  const end = await start();
  await eventually(async () => (await states()) === messages && (await modseq()) === box.of('INBOX').modseq);
  box.server.lines.length = 0;
  return {
    box,
    end,
    start,
    mail,
    codes: started.codes,
    states,
    /** Until all is told. */
    settled: () => eventually(async () => (await modseq()) === box.of('INBOX').modseq),
    /** What was told, and that nothing of it was told twice. */
    told: () => {
      expect(rows).toBe(sink.rows.size);
      return [...sink.rows.values()].map(({ document: { change, uid, flags } }) => [change, uid, flags]).sort();
    },
    /** Commands to list or compare a folder. */
    commands: () => box.server.lines.filter((line) => /SEARCH|FETCH/.test(line)),
  };
}

/** Whether a question is about changes. */
const asks = (line: string) => line.includes('CHANGEDSINCE');
const edit = (box: Box, change: (honest: string, line: string) => string): void => {
  const fault: Fault = (to, honest) => {
    if (!asks(to.line)) return false;
    to.raw(Buffer.from(change(honest.toString('latin1'), to.line), 'latin1'));
    return true;
  };
  box.faults.set('UID FETCH', fault);
};

test('flags and expunges cost one command, and nothing is listed', async () => {
  const it = await world();
  it.box.flag('INBOX', 2, '\\Seen');
  it.box.expunge('INBOX', 3);
  it.box.expunge('INBOX', 6);
  await it.settled();
  expect(it.told()).toEqual([
    ['expunge', 3, []],
    ['expunge', 6, []],
    ['flags', 2, ['\\Seen']],
  ]);
  expect(await it.states()).toBe(4);
  const asked = it.commands();
  expect(asked.length).toBeGreaterThan(0);
  for (const line of asked) expect(line).toMatch(/^UID FETCH 1:6 \(UID FLAGS MODSEQ\) \(CHANGEDSINCE \d+ VANISHED\)$/);
  // A folder that stays as it is is not asked about.
  const before = asked.length;
  const examined = () => it.box.server.lines.filter((line) => line.startsWith('EXAMINE')).length;
  const then = examined();
  await eventually(() => examined() > then + 1);
  expect(it.commands().length).toBe(before);
  expect(it.codes).toEqual([]);
});

test('new mail is known by the same command, and what happens to it is told once', async () => {
  const it = await world();
  fill(it.box, 'INBOX', 2, 'later');
  await eventually(() => it.mail.rows.size === 8);
  await it.settled();
  expect(await it.states()).toBe(8);
  it.box.flag('INBOX', 8, 'a');
  it.box.expunge('INBOX', 7);
  await it.settled();
  expect(it.told()).toEqual([
    ['expunge', 7, []],
    ['flags', 8, ['a']],
  ]);
  expect(it.commands().filter((line) => /FLAGS\)$/.test(line))).toEqual([]);
});

test('what happened while nobody looked is told, once, by the next worker', async () => {
  const it = await world();
  await it.end();
  it.box.expunge('INBOX', 1);
  it.box.flag('INBOX', 4, 'x', 'y');
  fill(it.box, 'INBOX', 1, 'later');
  it.box.expunge('INBOX', 2);
  await it.start();
  await it.settled();
  expect(it.told()).toEqual([
    ['expunge', 1, []],
    ['expunge', 2, []],
    ['flags', 4, ['x', 'y']],
  ]);
  expect(await it.states()).toBe(5);
});

describe('a server that', () => {
  test('has forgotten since when, and names all that is not there', async () => {
    const it = await world();
    edit(it.box, (honest) => `* VANISHED (EARLIER) 4,7:4294967295\r\n${honest.replace(/\* VANISHED.*?\r\n/, '')}`);
    it.box.expunge('INBOX', 4);
    await it.settled();
    expect(it.told()).toEqual([['expunge', 4, []]]);
    expect(it.commands().filter((line) => line.includes('SEARCH'))).toEqual([]);
  });

  test('says the same again tells nothing twice', async () => {
    const it = await world();
    edit(it.box, (honest) => `* VANISHED (EARLIER) 2\r\n* 1 FETCH (UID 1 FLAGS (a) MODSEQ (20))\r\n${honest}`);
    it.box.flag('INBOX', 1, 'a');
    it.box.expunge('INBOX', 2);
    await it.settled();
    it.box.flag('INBOX', 3, 'b');
    await it.settled();
    expect(it.told()).toEqual([
      ['expunge', 2, []],
      ['flags', 1, ['a']],
      ['flags', 3, ['b']],
    ]);
  });

  test.each<[string, (honest: string) => string]>([
    ['keeps silent about what is gone', (honest) => honest.replace(/\* VANISHED.*?\r\n/, '')],
    [
      'names it in a way that cannot be read',
      (honest) => honest.replace(/VANISHED \(EARLIER\) \d+/, 'VANISHED (EARLIER) 3,,x'),
    ],
    ['names nothing', (honest) => honest.replace(/VANISHED \(EARLIER\) \d+/, 'VANISHED (EARLIER)')],
  ])('%s is compared as a whole', async (_, lie) => {
    const it = await world();
    edit(it.box, lie);
    it.box.expunge('INBOX', 3);
    await it.settled();
    expect(it.told()).toEqual([['expunge', 3, []]]);
    expect(it.commands().some((line) => line.includes('SEARCH'))).toBe(true);
  });

  test('counts from a smaller number than before is compared as a whole', async () => {
    const it = await world();
    it.box.of('INBOX').modseq = 3;
    it.box.expunge('INBOX', 3);
    it.box.flag('INBOX', 1, 'a');
    await it.settled();
    expect(it.told()).toEqual([
      ['expunge', 3, []],
      ['flags', 1, ['a']],
    ]);
    expect(it.commands().some((line) => line.includes('SEARCH'))).toBe(true);
    // From here on it can tell again.
    it.box.server.lines.length = 0;
    it.box.flag('INBOX', 2, 'b');
    await it.settled();
    expect(it.told().length).toBe(3);
    expect(it.commands().every(asks)).toBe(true);
  });

  test.each<[string, string]>([
    ['numbers no folder', '[NOMODSEQ]'],
    ['numbers a folder 0', '[HIGHESTMODSEQ 0]'],
  ])('%s any more is compared as a whole', async (_, code) => {
    const it = await world();
    it.box.faults.set('EXAMINE', (to, honest) => {
      to.raw(honest.toString().replace(/\[HIGHESTMODSEQ \d+\]/, code));
      return true;
    });
    it.box.expunge('INBOX', 3);
    it.box.flag('INBOX', 1, 'a');
    await eventually(() => it.told().length === 2);
    expect(it.commands().filter(asks)).toEqual([]);
  });

  test('begins a new epoch has expunged nothing', async () => {
    const it = await world();
    it.box.renumber('INBOX', { reverse: true });
    it.box.flag('INBOX', 1, 'a');
    it.box.restart();
    await eventually(async () => (await it.states()) === 12, 20_000);
    it.box.flag('INBOX', 2, 'b');
    await eventually(() => it.told().length >= 1);
    expect(it.told()).toEqual([['flags', 2, ['b']]]);
    expect(it.mail.rows.size).toBe(6);
  });

  test('breaks off in the middle is asked again, and nothing is told twice', async () => {
    const it = await world();
    let asked = 0;
    it.box.faults.set('UID FETCH', (to, honest) => {
      if (!asks(to.line) || ++asked > 20) return false;
      to.raw(honest.subarray(0, 5 * asked));
      to.end();
      return true;
    });
    it.box.expunge('INBOX', 3);
    it.box.flag('INBOX', 1, 'a');
    await eventually(() => it.told().length === 2, 60_000);
    expect(it.told()).toEqual([
      ['expunge', 3, []],
      ['flags', 1, ['a']],
    ]);
  });
});

test('what is gone before it is read is not asked for, where the server has said so', async () => {
  const it = await world();
  let fetched = 0;
  it.box.faults.set('UID FETCH', (to) => {
    if (!to.line.includes('BODY')) return false;
    fetched += 1;
    it.box.expunge('INBOX', 7);
    to.send('* VANISHED 7', `${to.tag} OK done`);
    return true;
  });
  fill(it.box, 'INBOX', 1, 'later');
  await eventually(() => fetched === 1);
  await it.settled();
  const searches = it.commands().filter((line) => line.includes('SEARCH'));
  // What is new is searched for; whether 7 is still there is not.
  expect(searches.every((line) => line.includes(':*'))).toBe(true);
  expect(it.codes).toEqual([]);
  expect(it.told()).toEqual([]);
});
