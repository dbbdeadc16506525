import { describe, expect, test } from 'vitest';
import { dateOffset } from '../../src/message/date-offset.ts';
import { fieldsNamed, messageTypes, toDocument } from '../../src/message/fields.ts';
import { everything } from '../../src/message/insights.ts';
import { linksOf } from '../../src/message/links.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { anyReport, reportOf } from '../../src/message/reports/report.ts';
import { openStructure } from '../../src/message/structure.ts';
import { baseSubject, threadKey } from '../../src/message/thread.ts';
import { compileSteps } from '../../src/steps/registry.ts';
import { cpuMilliseconds } from '../support/cpu.ts';
import { spamAssassin } from './corpus.ts';

const parse = (text: string) => parseMessage(Buffer.from(text));

describe('the zone of a date', () => {
  test.each([
    ['Tue, 12 Mar 2024 10:20:30 +0200', 120],
    ['Tue, 12 Mar 2024 10:20:30 -0330 (NST)', -210],
    ['12 Mar 2024 10:20 EST', -300],
    ['2024-03-12T10:20:30Z', 0],
    ['2024-03-12 10:20:30+05:30', 330],
    ['Tue, 12 Mar 2024 10:20:30 -0000', null],
    ['Tue, 12 Mar 2024 10:20:30 XYZ', null],
    ['Tue, 12 Mar 2024 10:20:30', null],
    ['Tue, 12 Mar 2024 10:20:30 +9900', null],
    ['', null],
  ])('%s', (value, offset) => {
    expect(dateOffset(value)).toBe(offset);
  });

  test('is absent with the date', () => {
    expect(parse('Date: soon +0200\n\n').dateOffset).toBeNull();
    expect(parse('Date: Tue, 12 Mar 2024 10:20:30 +0200\n\n').dateOffset).toBe(120);
  });
});

describe('links', () => {
  test('of HTML with their text, then of plain text, each once', () => {
    const html =
      '<p><a href="https://example.org/a?x=1&amp;y=2">Cl<b>ick</b> here</a> <a href=https://b.example/>https://b.example/</a>' +
      '<a href="javascript:x">n</a><a href="mailto:a@b"><img alt="Mail us"></a><!-- <a href="https://no.example">--></p>';
    expect(
      linksOf(
        html,
        'see https://c.example/x_(y), and (www.d.example). https://b.example/ 見て https://e.example/日本。',
      ),
    ).toEqual([
      { url: 'https://example.org/a?x=1&y=2', text: 'Click here' },
      { url: 'https://b.example/', text: '' },
      { url: 'mailto:a@b', text: 'Mail us' },
      { url: 'https://c.example/x_(y)', text: '' },
      { url: 'http://www.d.example', text: '' },
      { url: 'https://e.example/日本', text: '' },
    ]);
  });

  test('at most a thousand, in linear time', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => `<a href="https://x.example/${i}">l ${i}</a>`).join('');
    const used = cpuMilliseconds(() => {
      expect(linksOf(many, '')).toHaveLength(1_000);
      for (const html of [
        '<'.repeat(1e6),
        '<a href="'.repeat(1e5),
        '<script>'.repeat(1e5),
        '<!--'.repeat(3e5),
        `<a ${"='".repeat(5e5)}>`,
      ])
        expect(linksOf(html, '')).toEqual([]);
      expect(linksOf('', 'http://'.repeat(200_000)).length).toBeLessThan(1_001);
    });
    expect(used).toBeLessThan(4_000);
  });
});

describe('the headers of a list', () => {
  test('each of them', () => {
    const header = [
      'List-Id: "Announcements" <announce.example.org>',
      'List-Unsubscribe: <mailto:leave@example.org>, <https://example.org/u?',
      ' id=1>',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      'List-Post: NO',
      'List-Archive: <https://example.org/archive>',
      'List-Help: (see) <mailto:help@example.org>',
    ].join('\n');
    expect(parse(`${header}\n\n`).list).toEqual({
      id: 'announce.example.org',
      name: 'Announcements',
      post: '',
      unsubscribe: ['mailto:leave@example.org', 'https://example.org/u?id=1'],
      unsubscribeOneClick: 'https://example.org/u?id=1',
      subscribe: '',
      archive: 'https://example.org/archive',
      help: 'mailto:help@example.org',
      owner: '',
    });
    expect(parse('Subject: x\n\n').list).toBeNull();
  });
});

describe('the key of a thread', () => {
  test('is the root that the message names', () => {
    const key = (header: string) => parse(`${header}\n\n`).threadKey;
    expect(key('Message-ID: <3@x>\nIn-Reply-To: <2@x>\nReferences: <1@x> <2@x>')).toBe('1@x');
    expect(key('Message-ID: <3@x>\nIn-Reply-To: <2@x>')).toBe('2@x');
    expect(key('Message-ID: <3@x>')).toBe('3@x');
    expect(key('From: a@x')).toBe('');
  });

  test('of a bounce or a receipt is that of the message it is about', () => {
    const report = (type: string, fields: string, returned: string) =>
      parse(
        `From: MAILER-DAEMON@x\nMessage-ID: <bounce@x>\nContent-Type: multipart/report; report-type=${type}; boundary=b\n\n--b\n\nSorry.\n` +
          `--b\nContent-Type: message/${type}\n\n${fields}\n\n--b\nContent-Type: text/rfc822-headers\n\n${returned}\n\n--b--\n`,
      );
    const status = 'Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@y\nAction: failed\nStatus: 5.1.1';
    const bounce = (returned: string) => report('delivery-status', status, returned).threadKey;
    expect(bounce('Message-ID: <2@x>\nReferences: <1@x> <0@x>')).toBe('1@x');
    expect(bounce('Message-ID: <2@x>\nIn-Reply-To: <1@x>')).toBe('1@x');
    expect(bounce('Message-ID: <2@x>')).toBe('2@x');
    expect(bounce('Subject: no id')).toBe('bounce@x');
    const receipt =
      'Final-Recipient: rfc822; a@y\nOriginal-Message-ID: <2@x>\nDisposition: manual-action/MDN-sent-manually; displayed';
    expect(report('disposition-notification', receipt, 'Subject: x').threadKey).toBe('2@x');
  });

  test('without ids, of subject and people whatever their order', () => {
    const at = (address: string) => ({ name: '', address, domain: 'x' });
    const none = { messageId: '', inReplyTo: [], references: [], cc: [] };
    const one = threadKey({ ...none, subject: 'Offer', from: at('a@x'), to: [at('b@x')] });
    expect(one).toMatch(/^subject:[0-9a-f]{32}$/);
    expect(threadKey({ ...none, subject: 'AW: Re[2]: offer', from: at('B@x'), to: [at('A@x')] })).toBe(one);
    expect(threadKey({ ...none, subject: 'Offer', from: at('c@x'), to: [at('b@x')] })).not.toBe(one);
  });

  test.each(['Re: Offer', 'AW: WG: Offer', 'SV: Offer', '答复：Offer', 'RE[3]: [list] Offer', 'رد: Offer', 'Offer'])(
    '%s',
    (subject) => {
      expect(baseSubject(subject)).toBe('Offer');
    },
  );
});

describe('what is computed', () => {
  test('the raw header, undecoded and in its order', () => {
    expect(parse('B: =?utf-8?q?=C3=A9?=\nA: 1\n 2\nB: x\n\n').rawHeaders).toEqual([
      { name: 'b', value: '=?utf-8?q?=C3=A9?=' },
      { name: 'a', value: '1 2' },
      { name: 'b', value: 'x' },
    ]);
  });

  test('only the fields that are named', () => {
    const message = {
      get text(): string {
        throw new Error('was asked for');
      },
      subject: 'x',
    } as unknown as ReturnType<typeof parse>;
    const sighting = {
      id: '',
      source: '',
      account: '',
      folder: '',
      receivedAt: new Date(0),
      size: 0,
      rawSha256: '',
      flags: [],
    };
    expect(toDocument(message, sighting, fieldsNamed(new Set(['subject'])))).toEqual({ subject: 'x' });
  });

  test('expressions say which fields they use', () => {
    const steps = [
      { name: 'a', filter: 'has(report) || reply.contains("x")' },
      { name: 'b', set: { n: 'links.filter(l, l.url != "" && l.text == subject).size()', id: 'list.id' } },
    ];
    const compiled = compileSteps(steps, messageTypes);
    if (!compiled.ok) throw new Error(compiled.issues[0]?.message);
    expect([...compiled.uses].sort()).toEqual(['links', 'list', 'reply', 'report', 'subject']);
    expect(compileSteps([{ name: 'c', set: { reply: '"x"' } }], messageTypes)).toMatchObject({ ok: false });
  });

  test('the same each time', () => {
    const raw = Buffer.from('Subject: x\nReferences: <a@b>\n\nhttps://x.example\n> q');
    expect(everything(parseMessage(raw))).toEqual(everything(parseMessage(Buffer.from(raw))));
  });

  test('a glance misses no report', () => {
    let n = 0;
    for (const { raw } of spamAssassin()) {
      if (n++ % 4 !== 0) continue;
      const structure = openStructure(raw);
      expect(reportOf(parseMessage(raw), structure)).toEqual(anyReport(structure));
    }
  });
});
