import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/message/parse.ts';

const parse = (text: string) => parseMessage(Buffer.from(text, 'latin1'));
const codes = async (text: string) => (await parse(text)).defects.map((defect) => defect.code);

describe('parseMessage', () => {
  test('an unparsable date is null and a defect, never now', async () => {
    const message = await parse('Date: yesterday\r\n\r\nx');
    expect(message.date).toBeNull();
    expect(message.defects.map((d) => d.code)).toContain('DATE_UNREADABLE');
  });

  test('the first of two From headers counts', async () => {
    const message = await parse('From: a@example.org\r\nFrom: b@example.org\r\n\r\nx');
    expect(message.from?.address).toBe('a@example.org');
    expect(message.defects.map((d) => d.code)).toEqual(['HEADER_REPEATED']);
  });

  test.each(['Sender', 'Subject', 'Message-ID', 'References'])('a second %s is told', async (name) => {
    expect(await codes(`${name}: a\r\n${name}: b\r\n\r\nx`)).toEqual(['HEADER_REPEATED']);
    expect(await codes(`${name}: a\r\n\r\nx`)).toEqual([]);
  });

  test.each(['\r\r\n', '\r\r\r\n'])('mail whose lines end in %j is read', async (end) => {
    const lines = ['From: a@example.org', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'one', '', 'two'];
    const message = await parse([...lines, '--b--', ''].join(end));
    expect(message).toMatchObject({ text: 'one\n\ntwo', from: { address: 'a@example.org' } });
    expect(message.defects.map((d) => d.code)).toEqual(['CR_REPEATED']);
  });

  test('mail whose lines end in CR alone is read', async () => {
    const message = await parse('From: a@example.org\rSubject: s\r\rone\rtwo');
    expect(message).toMatchObject({ subject: 's', text: 'one\ntwo', from: { address: 'a@example.org' } });
    expect(message.defects.map((d) => d.code)).toEqual(['CR_LINES']);
  });

  test('U+0000 and lone surrogates become U+FFFD', async () => {
    const message = await parse('Subject: a\0b\r\nContent-Type: text/plain; charset=utf-16be\r\n\r\n\xd8\x00\x00a');
    expect(message.subject).toBe('a\uFFFDb');
    expect(message.text.isWellFormed()).toBe(true);
    expect(message.defects.map((d) => d.code)).toContain('NUL_REPLACED');
  });

  test('an attachment’s name is cut, and told like an encoded message and half a surrogate pair', async () => {
    const file = (header: string, body: string) =>
      parse(`Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n${header}\r\n\r\n${body}\r\n--b--`);
    const long = await file(`Content-Type: a/b; name=${'x'.repeat(2_000)}`, '');
    expect(long.attachments[0]?.filename).toBe('x'.repeat(1_024));
    expect(long.defects).toEqual([{ code: 'NAME_CUT', detail: 'attachment' }]);
    const encoded = await file('Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64', 'U3ViamVjdDogeA==');
    expect(encoded.attachments[0]?.filename).toBe('x');
    expect(encoded.defects).toEqual([{ code: 'MESSAGE_ENCODED', detail: 'attachment' }]);
    const half = await parse('Content-Type: text/plain; charset=utf-7\r\n\r\n+2AA-');
    expect(half.text).toBe('\uFFFD');
    expect(half.defects).toEqual([{ code: 'SURROGATE_REPLACED', detail: 'text' }]);
  });

  test.each([
    ['', ['EMPTY', 'HEADER_MISSING']],
    ['no header here\nat all\n', ['HEADER_END_MISSING', 'HEADER_MISSING']],
    ['\r\nonly a body', ['HEADER_MISSING']],
  ])('%j is a message with defects', async (text, expected) => {
    expect(await codes(text)).toEqual(expected);
  });

  test('an oversized header value is cut', async () => {
    const message = await parse(`X-Long: ${'x'.repeat(70_000)}\r\n\r\nbody`);
    expect(message.headers.get('x-long')?.[0]).toHaveLength(65_536);
    expect(message.defects).toEqual([{ code: 'HEADER_VALUE_CUT', detail: 'header' }]);
  });

  test('ids and addresses longer than a line are cut', async () => {
    const long = 'x'.repeat(2_000);
    const message = await parse(`Message-ID: <${long}>\r\nReferences: <${long}>\r\nFrom: ${long}@a\r\n\r\nbody`);
    expect([message.messageId, message.references[0], message.from?.address].map((id) => id?.length)).toEqual([
      998, 998, 998,
    ]);
    expect(message.defects.map((d) => d.code)).toEqual(['HEADER_VALUE_CUT']);
  });

  test.each([
    ['Jane, <j@x.test>', 'j@x.test'],
    ['root', ''],
    ['a@x.test, b@x.test', 'a@x.test'],
  ])('the author of %s', async (from, address) => {
    expect((await parse(`From: ${from}\r\n\r\n`)).from?.address).toBe(address);
  });

  test('ids that were folded are those that replies name', async () => {
    const folded = await parse(
      'Message-ID: <a.very.long\r\n\t.id@x.test> (made here)\r\nIn-Reply-To: <b\r\n @y.test>\r\n\r\n',
    );
    expect([folded.messageId, folded.inReplyTo]).toEqual(['a.very.long.id@x.test', ['b@y.test']]);
    const twice = await parse('Message-ID: <<a@x.test>>\r\nReferences: <<b@x.test>> <c@x.test>\r\n\r\n');
    expect([twice.messageId, twice.references]).toEqual(['a@x.test', ['b@x.test', 'c@x.test']]);
  });

  test('a header beyond its limit is an error', async () => {
    const error = await Promise.resolve()
      .then(() => parse(`X: ${'x'.repeat(1_100_000)}\r\n\r\nbody`))
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'MailmillError', code: 'MESSAGE_HEADER_TOO_LARGE' });
  });
});
