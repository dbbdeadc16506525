import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keptRaw, keptRows, type Running, type StartOptions, startCollector } from '../../support/collector.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { SmtpClient, send } from '../../support/smtp-client.ts';
import { message } from '../../support/worker.ts';

let postgres: Postgres;
const running: Running[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of running.splice(0)) await each.stop();
});
afterAll(async () => {
  await postgres?.stop();
});

const recipients = ['*@desk.example.org', 'Alerts@example.org'];

async function start(smtp: object = {}, options: Partial<StartOptions> = {}) {
  const storeUri = options.storeUri ?? (await postgres.createDatabase());
  const started = await startCollector({ smtp: { recipients, ...smtp } }, { storeUri, ...options });
  running.push(started);
  return { ...started, storeUri };
}

describe('SMTP', () => {
  test('keeps a message and its envelope before it says 250; each recipient has a copy', async () => {
    const { port, storeUri, collector } = await start({ hostname: 'mx.example.org' });
    const [reply] = await send(port, message(1), ['a@desk.example.org', 'alerts@EXAMPLE.org']);
    expect(reply).toMatch(/^250 2\.6\.0 OK: kept as [0-9a-f-]{36}$/);
    const rows = await keptRows(storeUri);
    expect(rows.map(({ envelope }) => envelope)).toEqual([
      {
        kind: 'smtp',
        mailFrom: 'ann@example.org',
        rcptTo: 'a@desk.example.org',
        clientAddress: '127.0.0.1',
        helo: 'client.example.org',
      },
      expect.objectContaining({ rcptTo: 'alerts@EXAMPLE.org' }),
    ]);
    expect(rows[0]).toMatchObject({ header_id: 'm-1@example.org' });
    expect(String(rows[0]?.prefix)).toMatch(
      /^Return-Path: <ann@example\.org>\r\nDelivered-To: a@desk\.example\.org\r\nReceived: from client\.example\.org \(\[127\.0\.0\.1\]\)\r\n\tby mx\.example\.org with ESMTP id \S+\r\n\tfor <a@desk\.example\.org>; [A-Z][a-z]{2}, \d\d .* \+0000\r\n$/,
    );
    expect(collector.status().counters).toMatchObject({ accepted: 2, repeated: 0, bytes: message(1).length });
  });

  test('refuses for good what is for nobody here, and what is too large; the connection goes on', async () => {
    const { port, storeUri, collector } = await start({ limits: { messageSize: '2Ki' } });
    const client = await SmtpClient.connect(port);
    await client.reply();
    expect(await client.say('EHLO client.example.org')).toMatch(/250 SIZE 2048/);
    expect(await client.say('MAIL FROM:<ann@example.org> SIZE=3000')).toMatch(/^552 5\.3\.4 .*2048/);
    await client.say('MAIL FROM:<>');
    expect(await client.say('RCPT TO:<x@example.net>')).toMatch(/^550 5/);
    expect(await client.say('DATA')).toMatch(/^503/);
    expect(await client.say('RCPT TO:<x@desk.example.org>')).toMatch(/^250/);
    await client.say('DATA');
    client.message(Buffer.concat([message(1), Buffer.alloc(4_000, 'x')]));
    expect(await client.reply()).toMatch(/^552 5\.3\.4 .*2048/);
    expect(await keptRows(storeUri)).toEqual([]);
    await client.say('MAIL FROM:<>');
    await client.say('RCPT TO:<x@desk.example.org>');
    await client.say('DATA');
    client.message(message(2));
    expect(await client.reply()).toMatch(/^250/);
    expect(await keptRows(storeUri)).toMatchObject([{ envelope: { mailFrom: '' } }]);
    expect(collector.status().counters).toMatchObject({ accepted: 1, refused: 3 });
  });

  test('dots at the beginning of lines, and bytes that are no text, come through as they were', async () => {
    const { port, storeUri } = await start();
    const raw = Buffer.concat([message(1, '..two\r\n.\r.\r\n.one\r\n'), Buffer.from([0xff, 0xfe, 0x00, 0x0d, 0x0a])]);
    await send(port, raw, ['a@desk.example.org']);
    expect(await keptRaw(storeUri)).toEqual([raw]);
  });

  test('a message that ends before its final dot is none', async () => {
    const { port, storeUri, collector } = await start();
    for (const end of ['', '\r\n', '\r\n.', '\r\n.\r']) {
      const client = await SmtpClient.connect(port);
      await client.envelope(['a@desk.example.org']);
      client.write(Buffer.concat([message(1, 'half'), Buffer.from(end)]));
      await eventually(() => collector.status().listener.connections === 1);
      client.cut();
      await eventually(() => collector.status().listener.connections === 0);
    }
    await send(port, message(2), ['a@desk.example.org']);
    expect(await keptRows(storeUri)).toMatchObject([{ header_id: 'm-2@example.org' }]);
  });

  test('a sender that did not get its answer sends again, and nothing is doubled', async () => {
    const { port, storeUri, collector } = await start();
    const client = await SmtpClient.connect(port);
    await client.envelope(['a@desk.example.org']);
    client.message(message(1));
    await eventually(async () => (await keptRows(storeUri)).length === 1);
    client.cut();
    const replies = await send(port, message(1), ['a@DESK.example.org', 'b@desk.example.org']);
    expect(replies[0]).toMatch(/^250 .* kept before as/);
    expect((await keptRows(storeUri)).map(({ envelope }) => envelope.rcptTo)).toEqual([
      'a@desk.example.org',
      'b@desk.example.org',
    ]);
    expect(collector.status().counters).toMatchObject({ accepted: 2, repeated: 1 });
  });

  test('no end of data is read out of bare line feeds (smuggling)', async () => {
    const { port, storeUri } = await start();
    const client = await SmtpClient.connect(port);
    await client.envelope(['a@desk.example.org']);
    const smuggled = 'MAIL FROM:<x@example.org>\r\nRCPT TO:<b@desk.example.org>\r\nDATA\r\nhidden';
    for (const end of ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r'])
      client.write(Buffer.concat([message(1, `text${end}${smuggled}`)]));
    client.write('\r\n.\r\n');
    expect(await client.reply()).toMatch(/^250/);
    expect(await keptRows(storeUri)).toHaveLength(1);
    expect(await client.say('NOOP')).toMatch(/^250/);
    client.end();
  });
});

test('LMTP answers for each recipient', async () => {
  const { port, storeUri } = await start({ protocol: 'LMTP' });
  await send(port, message(1), ['a@desk.example.org'], { lmtp: true });
  const replies = await send(port, message(1), ['a@desk.example.org', 'b@desk.example.org'], { lmtp: true });
  expect(replies).toEqual([expect.stringMatching(/^250 .*kept before as/), expect.stringMatching(/^250 .*kept as/)]);
  expect(await keptRows(storeUri)).toMatchObject([{ envelope: { kind: 'lmtp' } }, { uid: '2' }]);
});

describe('our own trouble is never for good', () => {
  test('no room: 452, and what was kept of a message is known when it comes again', async () => {
    const { port, storeUri, collector } = await start({ limits: { keptSize: '1Ki' } });
    const noise = Array.from({ length: 900 }, (_, i) => String.fromCharCode(33 + ((i * 7919) % 90))).join('');
    let reply = '';
    for (let n = 1; n < 10 && !reply.startsWith('452'); n++)
      [reply = ''] = await send(port, message(n, `${noise.slice(n)}${noise}${n}\r\n`), ['a@desk.example.org']);
    expect(reply).toMatch(/^452 4/);
    expect((await keptRows(storeUri)).length).toBeGreaterThan(0);
    // For a moment it is told before the message comes.
    const client = await SmtpClient.connect(port);
    await client.reply();
    await client.say('EHLO x.example.org');
    expect(await client.say('MAIL FROM:<ann@example.org>')).toMatch(/^452 4/);
    client.end();
    expect(collector.status().counters.refused).toBe(2);
  });

  test('a store that is away: 451; when it is back, mail is taken', async () => {
    const own = await startPostgres();
    try {
      const { port, storeUri, collector } = await start({}, { storeUri: await own.createDatabase() });
      await send(port, message(1), ['a@desk.example.org']);
      await own.down();
      expect(await send(port, message(2), ['a@desk.example.org'])).toEqual([expect.stringMatching(/^451 4/)]);
      expect(collector.status().store).toMatchObject({ ok: false, code: expect.stringMatching(/^STORE_/) });
      await own.start();
      await eventually(async () => (await send(port, message(2), ['a@desk.example.org']))[0]?.startsWith('250'));
      expect(await keptRows(storeUri)).toHaveLength(2);
      expect(collector.status().store.ok).toBe(true);
      await running.pop()?.stop();
    } finally {
      await own.stop();
    }
  });

  test('more at once than fits into memory: 451 for what is too much', async () => {
    const { port, storeUri } = await start({}, { budgetBytes: 100_000 });
    const first = await SmtpClient.connect(port);
    await first.envelope(['a@desk.example.org']);
    first.write(message(1, 'x'.repeat(90_000)));
    await eventually(async () => {
      const [reply] = await send(port, message(2, 'y'.repeat(20_000)), ['a@desk.example.org']);
      return reply?.startsWith('451');
    });
    first.write('\r\n.\r\n');
    expect(await first.reply()).toMatch(/^250/);
    first.end();
    expect(await keptRows(storeUri)).toHaveLength(1);
  });
});

describe('the end', () => {
  test('a message that is under way is kept and answered; idle connections hear 421; new ones are not taken', async () => {
    const { port, storeUri, beginStop, ended } = await start();
    const sending = await SmtpClient.connect(port);
    await sending.envelope(['a@desk.example.org']);
    sending.write(message(1, 'first half, '));
    const idle = await SmtpClient.connect(port);
    await idle.reply();
    await idle.say('EHLO x.example.org');
    beginStop();
    expect(await idle.reply()).toMatch(/^421 4/);
    await idle.ended();
    await expect(SmtpClient.connect(port)).rejects.toThrow();
    sending.write('second half\r\n.\r\n');
    expect(await sending.reply()).toMatch(/^250/);
    expect(await sending.say('NOOP')).toMatch(/^421/);
    await ended;
    expect(await keptRows(storeUri)).toHaveLength(1);
    running.pop();
  });
});
