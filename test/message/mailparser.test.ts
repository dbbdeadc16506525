import { expect, test } from 'vitest';
import { sha256 } from '../../src/message/fields.ts';
import { everything } from '../../src/message/insights.ts';
import { parseWithMailparser } from '../../src/message/mailparser.ts';
import { parseMessage } from '../../src/message/parse.ts';

const raw = Buffer.from(
  [
    'From: =?utf-8?q?J=C3=BCrg?= <juerg@B\u00fccher.example>',
    'Sender: "Office" <office@example.com>',
    'To: Friends: a@example.com, b@example.com;, c@example.com',
    'Subject: two',
    ' lines',
    'Date: Thu, 22 Aug 2024 12:36:23 +0200',
    'Message-ID: <m@example.com>',
    'In-Reply-To: <p@example.com>',
    'References: <r@example.com> <p@example.com>',
    'X-Two: one',
    'X-Two: two',
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/plain; charset=utf-8',
    '',
    'Gr\u00fc\u00dfe\0',
    '--b',
    'Content-Type: application/pdf; name=a.pdf',
    'Content-Transfer-Encoding: base64',
    'Content-Disposition: attachment',
    '',
    'AAEC',
    '--b--',
    '',
  ].join('\r\n'),
);

test('mailparser fills the same fields as our own parser', async () => {
  const ours = everything(parseMessage(raw));
  const theirs = await parseWithMailparser(raw);
  expect(Object.keys(theirs).sort()).toEqual(Object.keys(ours).sort());
  for (const name of ['messageId', 'inReplyTo', 'references', 'subject', 'sender', 'date', 'to', 'threadKey'] as const)
    expect(theirs[name], name).toEqual(ours[name]);
  expect(theirs.from).toEqual(ours.from);
  expect(theirs.text.trim()).toBe('Gr\u00fc\u00dfe\uFFFD');
  expect(theirs.headers.get('x-two')).toEqual(['one', 'two']);
  expect(theirs.headers.get('message-id')).toEqual(['<m@example.com>']);
  expect([...theirs.headers.keys()].sort()).toEqual([...ours.headers.keys()].sort());
  expect(theirs.attachments).toEqual([
    {
      filename: 'a.pdf',
      contentType: 'application/pdf',
      size: 3,
      sha256: sha256(Buffer.from([0, 1, 2])),
      contentId: '',
      inline: false,
    },
  ]);
  expect(theirs.defects.map(({ code }) => code)).toEqual(['PARSED_BY_MAILPARSER', 'NUL_REPLACED']);
});

test('a date that cannot be read is absent, never the time of day', async () => {
  expect((await parseWithMailparser(Buffer.from('Date: soon\r\n\r\nx'))).date).toBeNull();
  expect((await parseWithMailparser(Buffer.from('Subject: x\r\n\r\nx'))).date).toBeNull();
});
