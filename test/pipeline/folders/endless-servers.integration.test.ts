import { describe, expect, test } from 'vitest';
import { askedFor } from '../../sources/imap/scripted-mailbox.ts';
import { eventually } from '../../support/processes.ts';
import { faultWorld, fill, first } from './fault-world.ts';

const { serve, work } = faultWorld();

describe('a server that never comes to an end', () => {
  test('announces 2 GB and sends a little of it', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 2);
    let fetches = 0;
    box.faults.set('UID FETCH', (to) => {
      if (++fetches !== 2) return false;
      to.raw('* 1 FETCH (UID 1 FLAGS () BODY[] {2147483648}\r\nSubject: x');
      return true;
    });
    const before = process.memoryUsage.rss();
    const it = await work(box, {}, { inactivity: 300 });
    await eventually(() => it.sink.rows.size === 2);
    it.exact(wanted);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
  });

  test('sends far more than it said and than may be: a dead letter, in bounded memory', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 2);
    const size = 300 * 2 ** 20;
    const chunk = Buffer.alloc(2 ** 20, 'x');
    let fetches = 0;
    box.faults.set('UID FETCH', (to, honest) => {
      const [uid] = askedFor(to.line);
      if (to.line.includes('BODY.PEEK[]') && uid === 1 && ++fetches <= 1) {
        const rest = honest.toString('latin1').slice(honest.indexOf('* 2 FETCH'));
        to.raw(`* 1 FETCH (UID 1 FLAGS () BODY[] {${size}}\r\n`);
        for (let sent = 0; sent < size; sent += chunk.length) to.raw(chunk);
        to.raw(Buffer.from(`)\r\n${rest}`, 'latin1'));
        return true;
      }
      return false;
    });
    const it = await work(box, { limits: { messageSize: '1Mi' } });
    await eventually(() => it.sink.rows.size === 1 && it.context.counters.dead === 1, 60_000);
    it.exact(wanted.slice(1));
    const dead = await it.database.query<{ header: Buffer }>(
      'SELECT code, size::text, header FROM mailmill.dead_letter',
    );
    expect(dead).toMatchObject([{ code: 'MESSAGE_TOO_LARGE', size: String(size) }]);
    expect(dead[0]!.header.toString()).toContain('Subject: Message INBOX-1');
    expect(it.codes).toEqual([]);
  }, 120_000);

  for (const [command, code] of [
    ['UID SEARCH', 'IMAP_CONNECTION_LOST'],
    ['LIST', 'IMAP_CONNECTION_LOST'],
    ['EXAMINE', 'IMAP_CONNECTION_LOST'],
    ['UID FETCH', 'IMAP_CONNECTION_LOST'],
  ] as const)
    test(`says that it is still here for ever, at ${command}`, async () => {
      const box = await serve();
      const wanted = fill(box, 'INBOX', 2);
      const timers: NodeJS.Timeout[] = [];
      first(box, command, 1, (to) => {
        timers.push(setInterval(() => to.send('* OK Still here'), 50));
        return true;
      });
      const it = await work(box, {}, { inactivity: 1_000, command: 500, login: 1_000 });
      await eventually(() => it.sink.rows.size === 2);
      for (const timer of timers) clearInterval(timer);
      it.exact(wanted);
      expect(it.codes).toEqual([code]);
    });

  test('sends a byte now and then', async () => {
    const box = await serve();
    const wanted = fill(box, 'INBOX', 2);
    const timers: NodeJS.Timeout[] = [];
    first(box, 'UID SEARCH', 1, (to, honest) => {
      let at = 0;
      timers.push(setInterval(() => to.raw(honest.subarray(at, ++at)), 100));
      return true;
    });
    const it = await work(box, {}, { inactivity: 1_000, command: 500 });
    await eventually(() => it.sink.rows.size === 2);
    for (const timer of timers) clearInterval(timer);
    it.exact(wanted);
    expect(it.codes).toEqual(['IMAP_CONNECTION_LOST']);
  });
});
