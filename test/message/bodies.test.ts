import { hash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/message/parse.ts';

const parse = (text: string) => parseMessage(Buffer.from(text, 'latin1'));
const multipart = (subtype: string, ...parts: string[]) =>
  `Content-Type: multipart/${subtype}; boundary=b\r\n\r\n${parts.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\n`;
const text = 'Content-Type: text/plain\r\n\r\nplain';
const html = 'Content-Type: text/html\r\n\r\n<p>rich';

describe('bodies', () => {
  test('text and HTML of an alternative', async () => {
    expect(await parse(multipart('alternative', text, html))).toMatchObject({
      text: 'plain',
      html: '<p>rich',
      attachments: [],
      defects: [],
    });
  });

  test.each(['base64', 'quoted-printable'])('a multipart that is encoded as a whole, in %s', async (encoding) => {
    const inner = multipart('alternative', text, html);
    const start = inner.indexOf('--b');
    const body =
      encoding === 'base64'
        ? Buffer.from(inner.slice(start)).toString('base64')
        : inner.slice(start).replaceAll('-', '=2D');
    const message = await parse(`Content-Transfer-Encoding: ${encoding}\r\n${inner.slice(0, start)}${body}`);
    expect(message).toMatchObject({ text: 'plain', html: '<p>rich', attachments: [] });
    expect(message.defects.map(({ code }) => code)).toContain('MULTIPART_ENCODED');
  });

  test.each(['start="<root@x>"', 'start=root@x', "start*=us-ascii''%3Croot@x%3E"])(
    'a related body whose root %s names',
    async (start) => {
      const image = 'Content-Type: image/png\r\nContent-ID: <image@x>\r\n\r\nx';
      const note = 'Content-Type: text/plain\r\nContent-ID: <note@x>\r\n\r\nnote';
      const root = html.replace('\r\n', '\r\nContent-ID: <root@x>\r\n');
      const related = multipart('related', note, image, root);
      const message = await parse(related.replace('boundary=b', `boundary=b; ${start}`));
      expect(message).toMatchObject({ text: 'rich', html: '<p>rich' });
      expect(message.attachments.map(({ contentId }) => contentId)).toEqual(['note@x', 'image@x']);
      // Without it, or where it names no part, the first is the root.
      for (const other of [related, related.replace('boundary=b', 'boundary=b; start="<none@x>"')])
        expect(await parse(other)).toMatchObject({ text: 'note' });
    },
  );

  test('an empty name is none', async () => {
    const file = 'Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment; filename=""\r\n\r\nx';
    expect((await parse(multipart('mixed', text, file))).attachments[0]?.filename).toBe('a.pdf');
  });

  test('text comes from HTML when there is no text part', async () => {
    expect(await parse(html)).toMatchObject({ text: 'rich', html: '<p>rich' });
  });

  test('a named HTML alternative is a body all the same', async () => {
    const named = html.replace('text/html', 'text/html; name="page.html"');
    expect(await parse(multipart('alternative', text, named))).toMatchObject({ html: '<p>rich', attachments: [] });
  });

  test('a named text behind the first part, one with disposition attachment and any other type are attachments', async () => {
    const message = await parse(
      multipart(
        'mixed',
        text,
        'Content-Type: text/plain; name=log.txt\r\n\r\nlog',
        'Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nx',
        'Content-Type: text/calendar\r\n\r\nBEGIN',
      ),
    );
    expect(message.text).toBe('plain');
    expect(message.attachments.map((a) => [a.filename, a.contentType])).toEqual([
      ['log.txt', 'text/plain'],
      ['', 'text/plain'],
      ['', 'text/calendar'],
    ]);
  });

  test('texts of a body are joined, each on a line of its own', async () => {
    const image = 'Content-Type: image/png\r\n\r\nx';
    const message = await parse(multipart('mixed', text, image, 'Content-Type: text/plain\r\n\r\nmore\r\n', html));
    expect(message).toMatchObject({ text: 'plain\nmore\nrich', html: '<p>rich', defects: [] });
    expect(message.attachments.map((one) => one.contentType)).toEqual(['image/png']);
  });

  test('HTML of a body is joined, around an attachment too', async () => {
    const inner = multipart('mixed', html, 'Content-Type: application/pdf\r\n\r\nx', html.replace('rich', 'end'));
    const nested = inner.replaceAll('--b', '--c').replace('boundary=b', 'boundary=c');
    const message = await parse(multipart('alternative', text, nested));
    expect(message).toMatchObject({ text: 'plain', html: '<p>rich\n<p>end', defects: [] });
    expect(message.attachments).toHaveLength(1);
  });

  test('a footer that a mailing list added stands behind the text of the HTML before it', async () => {
    expect(await parse(multipart('mixed', html, text))).toMatchObject({ text: 'rich\nplain', html: '<p>rich' });
  });

  test('what a text and its HTML both say stands once, whatever the multipart is called', async () => {
    expect(await parse(multipart('mixed', 'Content-Type: text/plain\r\n\r\n rich\r\n', html))).toMatchObject({
      text: ' rich\n',
      html: '<p>rich',
    });
  });

  test('of two alternatives of one kind the second is left out and said so', async () => {
    const message = await parse(multipart('alternative', text, html, 'Content-Type: text/plain\r\n\r\nother'));
    expect(message.text).toBe('plain');
    expect(message.defects.map((one) => one.code)).toEqual(['BODY_PART_LEFT_OUT']);
  });

  test('text comes from HTML when the plain alternative is blank', async () => {
    expect((await parse(multipart('alternative', 'Content-Type: text/plain\r\n\r\n \r\n', html))).text).toBe('rich');
  });

  test('lines that flow are joined', async () => {
    const flowed =
      'Content-Type: text/plain; format=flowed\r\n\r\none \r\nparagraph\r\n> quoted \r\n> text\r\n-- \r\nme';
    expect((await parse(flowed)).text).toBe('one paragraph\n> quoted text\n-- \nme');
    expect((await parse(flowed.replace('flowed', 'fixed'))).text).toContain('one \nparagraph');
    expect((await parse(flowed.replace('flowed', 'flowed; delsp=yes'))).text).toContain('oneparagraph');
  });

  test('HTML without a declared charset is read as it says itself', async () => {
    const body = '<html><head><meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2"><p>\xb1';
    expect((await parse(`Content-Type: text/html\r\n\r\n${body}`)).text).toBe('ą');
    expect((await parse(`Content-Type: text/html; charset=iso-8859-1\r\n\r\n${body}`)).text).toBe('±');
  });

  test('an attachment has the size and hash of its decoded bytes', async () => {
    const message = await parse(
      multipart(
        'mixed',
        text,
        'Content-Type: image/png\r\nContent-Transfer-Encoding: BASE64\r\nContent-ID: <one@example>\r\nContent-Disposition: inline; filename="a.png"\r\n\r\nAAEC\r\n/w==',
      ),
    );
    expect(message.attachments).toEqual([
      {
        filename: 'a.png',
        contentType: 'image/png',
        size: 4,
        sha256: hash('sha256', Buffer.from([0, 1, 2, 255])),
        contentId: 'one@example',
        inline: true,
      },
    ]);
  });

  test('an image that the HTML refers to is inline without saying so', async () => {
    const image = 'Content-Type: image/png\r\nContent-ID: <i>\r\n\r\nx';
    expect((await parse(multipart('related', html, image))).attachments[0]?.inline).toBe(true);
    expect((await parse(multipart('mixed', html, image))).attachments[0]?.inline).toBe(false);
  });

  test('a nested message is one attachment, named by its subject', async () => {
    const nested = 'Content-Type: message/rfc822\r\n\r\nSubject: =?utf-8?Q?n=C3=A9?=\r\n\r\nbody';
    const message = await parse(multipart('mixed', text, nested));
    expect(message.attachments.map((a) => [a.filename, a.contentType, a.size])).toEqual([['né', 'message/rfc822', 36]]);
  });

  test('CRLF becomes LF in text, not in attachments', async () => {
    const message = await parse(multipart('mixed', `${text}\r\nmore`, 'Content-Type: a/b\r\n\r\n1\r\n2'));
    expect(message.text).toBe('plain\nmore');
    expect(message.attachments[0]?.size).toBe(4);
  });
});
