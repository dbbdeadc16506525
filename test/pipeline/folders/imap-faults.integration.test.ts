import { describe, expect, test } from 'vitest';
import { askedFor } from '../../sources/imap/scripted-mailbox.ts';
import { eventually } from '../../support/processes.ts';
import { faultWorld, fill, first } from './fault-world.ts';

const { serve, work, tries } = faultWorld();

describe('a connection that ends after any byte', () => {
  test('of everything that the server says loses and doubles nothing', async () => {
    let cut = 0;
    const box = await serve({ cut: () => cut });
    // Small, so that there are few bytes.
    for (const subject of ['a', 'b']) box.deliver('INBOX', `Subject: ${subject}\r\n\r\n`);
    const it = await tries(box);
    for (let done = false; !done; ) {
      const error = await it.once();
      done = error === undefined;
      if (error) expect(error, `after ${cut} bytes`).toMatchObject({ family: 'Transient' });
      expect([0, 2], `after ${cut} bytes`).toContain(it.sink.rows.size);
      // Each byte from the sizes on; of all before them, some.
      cut += cut < 330 ? 11 : 1;
    }
    // The farewell is not needed; all the rest is.
    expect(cut).toBeGreaterThan(500);
    expect(it.sink.subjects).toEqual(['a', 'b']);
  }, 180_000);
});

describe('literals that lie', () => {
  const cases: readonly (readonly [string, (honest: string) => string])[] = [
    ['too small', (honest) => honest.replace(/\{(\d+)\}/, (_, n) => `{${Number(n) - 7}}`)],
    ['too small by its last line end', (honest) => honest.replace(/\{(\d+)\}/, (_, n) => `{${Number(n) - 2}}`)],
    ['too large by a bracket and a line end', (honest) => honest.replace(/\{(\d+)\}/, (_, n) => `{${Number(n) + 3}}`)],
    ['so large that it swallows the next row', (honest) => honest.replace(/\{(\d+)\}/, (_, n) => `{${2 * Number(n)}}`)],
    ['larger than all that comes', (honest) => honest.replace(/\{(\d+)\}/, '{50000}')],
    ['no number', (honest) => honest.replace(/\{(\d+)\}/, '{x}')],
  ];
  for (const [what, lie] of cases)
    test(`${what} are read again`, async () => {
      const box = await serve();
      const wanted = fill(box, 'INBOX', 4);
      first(box, 'UID FETCH', 2, (to, honest) => {
        to.raw(Buffer.from(lie(honest.toString('latin1')), 'latin1'));
        return true;
      });
      const it = await work(box, {}, { inactivity: 200 });
      await eventually(() => it.sink.rows.size === 4);
      it.exact(wanted);
      for (const { document } of it.sink.rows.values()) expect(document.text).toContain('Hello.');
      expect(it.codes).not.toContain('INTERNAL');
    });
});

describe('a server that wants us to wait', () => {
  test('in the middle of a fetch is given the time that it asks for', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 3);
    first(box, 'UID FETCH', 2, (to, honest) => {
      to.raw(honest.subarray(0, honest.indexOf('* 2 FETCH')));
      to.send(`${to.tag} BAD Request is throttled. Suggested Backoff Time: 1000 milliseconds`);
      return true;
    });
    const started = performance.now();
    const it = await work(box);
    await eventually(() => it.sink.rows.size === 3);
    expect(performance.now() - started).toBeGreaterThan(1_600);
    expect(it.codes).toEqual(['IMAP_THROTTLED', 'IMAP_THROTTLED']);
    it.exact(wanted);
  });

  test('says goodbye at any command', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 3);
    for (const command of ['LOGIN', 'LIST', 'EXAMINE', 'UID SEARCH', 'UID FETCH'])
      first(box, command, 1, (to) => {
        to.send('* BYE Server is shutting down');
        to.end();
        return true;
      });
    const it = await work(box);
    await eventually(() => it.sink.rows.size === 3);
    expect(it.codes.length).toBeGreaterThanOrEqual(5);
    for (const code of it.codes) expect(code).toMatch(/^IMAP_(UNREACHABLE|CONNECTION_LOST|UNAVAILABLE)$/);
    it.exact(wanted);
  });

  test('rejects a password that was right a moment ago', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 2);
    const it = await work(box);
    await eventually(() => it.sink.rows.size === 2 && box.server.lines.includes('IDLE'));
    first(box, 'LOGIN', 1, (to) => {
      to.send(`${to.tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)`);
      return true;
    });
    first(box, 'DONE', 1, (to) => {
      to.drop();
      return true;
    });
    const more = fill(box, 'INBOX', 1, 'later');
    await eventually(() => it.sink.rows.size === 3);
    it.exact([...wanted, ...more]);
    expect(it.codes).toContain('IMAP_AUTH_REJECTED');
    expect(it.account.status().connection).toMatchObject({ ok: true });
  });
});

describe('a new UIDVALIDITY', () => {
  for (const [how, reverse] of [
    ['in the same order', false],
    ['in another order', true],
  ] as const)
    for (const command of ['UID SEARCH', 'UID FETCH'])
      test(`in the middle of a sync, at ${command}, ${how}, loses and doubles nothing`, async () => {
        const box = await serve();
        const wanted = [...fill(box, 'INBOX', 3), 'Message INBOX-1'];
        box.deliver('INBOX', box.of('INBOX').messages[0]!.raw);
        // Sizes are fetched first, messages second.
        let at = 0;
        box.faults.set(command, (to) => {
          if (++at !== 2) return false;
          box.renumber('INBOX', { reverse });
          to.send('* OK [UIDVALIDITY 8] renumbered');
          to.drop();
          return true;
        });
        const it = await work(box);
        await eventually(() => it.sink.rows.size === 4);
        fill(box, 'INBOX', 1, 'later');
        await eventually(() => it.sink.rows.size === 5);
        it.exact([...wanted, 'Message later-1']);
      });

  test('that is only told, on a connection that goes on, is a reason to begin anew', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 3);
    let fetches = 0;
    box.faults.set('UID FETCH', (to, honest) => {
      if (++fetches !== 2) return false;
      // What it sends from here on has the numbers of the new epoch.
      box.renumber('INBOX', { reverse: true });
      to.send('* OK [UIDVALIDITY 8] renumbered');
      const [one, two, three] = ['* 1 FETCH', '* 2 FETCH', '* 3 FETCH'].map((text) => honest.indexOf(text));
      const rows = [honest.subarray(one, two), honest.subarray(two, three), honest.subarray(three)].map(String);
      to.raw(rows[2]!.replace('UID 3', 'UID 1').replace(/A\w* OK done\r\n/, ''));
      to.raw(rows[1]!);
      to.raw(rows[0]!.replace('UID 1', 'UID 3'));
      to.send(`${to.tag} OK done`);
      return true;
    });
    const it = await work(box);
    await eventually(() => it.sink.rows.size >= 3);
    fill(box, 'INBOX', 1, 'later');
    await eventually(() => it.sink.rows.size >= 4);
    it.exact([...wanted, 'Message later-1']);
  });
});

describe('a UIDNEXT that lies', () => {
  const lies: readonly (readonly [string, string, string])[] = [
    ['too small', '[UIDNEXT 1]', 'UIDNEXT 1'],
    ['too large', '[UIDNEXT 4000000000]', 'UIDNEXT 4000000000'],
    ['missing', '[NOTHING]', 'UNSEEN 0'],
    ['zero', '[UIDNEXT 0]', 'UIDNEXT 0'],
  ];
  for (const [what, code, item] of lies)
    test(`${what} hides no message`, async () => {
      const box = await serve();
      const wanted = [...fill(box, 'INBOX', 3), ...fill(box, 'Archive', 2)];
      const tell = (to: { raw(bytes: Buffer): void }, honest: Buffer) => {
        const text = honest
          .toString('latin1')
          .replace(/\[UIDNEXT \d+\]/, code)
          .replace(/UIDNEXT \d+(?= )/, item);
        to.raw(Buffer.from(text, 'latin1'));
        return true;
      };
      box.faults.set('EXAMINE', tell);
      box.faults.set('STATUS', tell);
      const it = await work(box);
      await eventually(() => it.sink.rows.size === 5);
      const more = [...fill(box, 'Archive', 2, 'late'), ...fill(box, 'INBOX', 1, 'later')];
      await eventually(() => it.sink.rows.size === 8);
      it.exact([...wanted, ...more]);
      expect(it.codes).toEqual([]);
    });
});

describe('messages that go while they are fetched', () => {
  for (const [what, answer] of [
    ['are left out', () => ''],
    ['come as NIL', (seq: number, uid: number) => `* ${seq} FETCH (UID ${uid} FLAGS () BODY[] NIL)\r\n`],
    ['come empty', (seq: number, uid: number) => `* ${seq} FETCH (UID ${uid} FLAGS () BODY[] {0}\r\n)\r\n`],
  ] as const)
    test(`and ${what} are passed, not recorded`, async () => {
      const box = await serve();
      const wanted = fill(box, 'INBOX', 4);
      let fetches = 0;
      box.faults.set('UID FETCH', (to, honest) => {
        if (++fetches !== 2) return false;
        const text = honest.toString('latin1');
        const [two, three] = [text.indexOf('* 2 FETCH'), text.indexOf('* 3 FETCH')];
        to.raw(Buffer.from(`${text.slice(0, two)}${answer(2, 2)}* 2 EXPUNGE\r\n${text.slice(three)}`, 'latin1'));
        box.expunge('INBOX', 2);
        return true;
      });
      const it = await work(box);
      await eventually(() => it.sink.rows.size >= 3);
      const more = fill(box, 'INBOX', 1, 'later');
      await eventually(() => it.sink.rows.size >= 4);
      it.exact([wanted[0]!, ...wanted.slice(2), ...more]);
      expect(await it.database.query('SELECT sum(vanished)::int AS n FROM mailmill.coverage')).toEqual([{ n: 1 }]);
    });

  test('but are listed still are not passed', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 3);
    let fetches = 0;
    box.faults.set('UID FETCH', (to, honest) => {
      if (++fetches !== 2) return false;
      to.raw(honest.toString('latin1').replace(/(?<=\* 2 FETCH .*BODY\[\] )\{\d+\}\r\n[\s\S]*?(?=\)\r\n\* 3)/, 'NIL'));
      return true;
    });
    const it = await work(box);
    await eventually(() => it.sink.rows.size === 3);
    it.exact(wanted);
  });
});

describe('rows that nobody asked for', () => {
  test('come in any order, twice, and of others', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 5);
    box.faults.set('UID FETCH', (to, honest) => {
      const text = honest.toString('latin1');
      const starts = [...text.matchAll(/\* \d+ FETCH \(UID/g)].map((match) => match.index);
      const end = text.lastIndexOf(to.tag);
      const rows = starts.map((at, i) => text.slice(at, starts[i + 1] ?? end));
      const others = '* 9 FETCH (UID 99 FLAGS () RFC822.SIZE 5 BODY[] {5}\r\nother)\r\n* 2 FETCH (FLAGS (\\Seen))\r\n';
      to.raw(Buffer.from([...rows.toReversed(), others, ...rows, text.slice(end)].join(''), 'latin1'));
      return true;
    });
    const it = await work(box);
    await eventually(() => it.sink.rows.size === 5);
    it.exact(wanted);
    expect(it.codes).toEqual([]);
    expect(askedFor(box.server.lines.findLast((line) => line.startsWith('UID FETCH')) ?? '')).toEqual([1, 2, 3, 4, 5]);
  });
});
