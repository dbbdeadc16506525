import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { readHeaders } from '../../src/message/headers.ts';

function read(text: string, limit = 1_048_576) {
  const defects = new Defects();
  const raw = Buffer.from(text, 'latin1');
  const { fields, bodyStart } = readHeaders(raw, 0, raw.length, limit, defects);
  return {
    fields: fields.map(({ name, value }) => `${name}=${value}`),
    body: text.slice(bodyStart),
    codes: defects.list().map((one) => one.code),
  };
}

describe('readHeaders', () => {
  test.each([
    ['A: 1\r\nB: 2\r\n\r\nbody', ['a=1', 'b=2'], 'body', []],
    ['A: 1\nB:2\n\nbody', ['a=1', 'b=2'], 'body', []],
    ['A: 1\r\n 2\r\n\t3\r\n\r\n', ['a=1 2 3'], '', []],
    // RFC 5322 §4.2, §4.5: blanks before the colon, an empty line in folding
    ['A :one\r\n   \r\n two\r\n\r\nbody', ['a=one    two'], 'body', []],
    ['A: 1', ['a=1'], '', []],
    ['A: 1\r\nno field\r\nB: 2\r\n\r\nbody', ['a=1', 'b=2'], 'body', ['HEADER_LINE_SKIPPED']],
    ['A: 1\r\nno field\r\nnor this\r\n\r\nbody', ['a=1'], 'no field\r\nnor this\r\n\r\nbody', ['HEADER_END_MISSING']],
    // a line that is no field, with what continues it
    ['A: 1\r\nno field\r\n of two lines\r\nB: 2\r\n\r\nbody', ['a=1', 'b=2'], 'body', ['HEADER_LINE_SKIPPED']],
    ['A: 1\r\ntext\r\n  indented\r\n\r\nbody', ['a=1'], 'text\r\n  indented\r\n\r\nbody', ['HEADER_END_MISSING']],
    // parameters that lost the blank before them
    ['A: x;\r\nb="1";\r\n\tc=2;\r\nd*0*=3\r\n\r\nbody', ['a=x; b="1"; c=2; d*0*=3'], 'body', ['HEADER_FOLD_MISSING']],
    ['A: x\r\nb=1\r\n\r\nbody', ['a=x'], 'body', ['HEADER_LINE_SKIPPED']],
    // blanks on the line that ends the header
    ['A: 1\r\n  \r\ntext\r\n\r\nmore', ['a=1'], 'text\r\n\r\nmore', ['HEADER_END_MISSING']],
    ['A: 1\r\n\t\r\nB: 2\r\n\r\nbody', ['a=1', 'b=2'], 'body', []],
    // the blank line is missing before the first part
    [
      'Content-Type: multipart/mixed; boundary="a b"\r\nA: 1\r\n--a b \r\nB: 2\r\n\r\nbody',
      ['content-type=multipart/mixed; boundary="a b"', 'a=1'],
      '--a b \r\nB: 2\r\n\r\nbody',
      ['HEADER_END_MISSING'],
    ],
    [
      'Content-Type: multipart/mixed; boundary=a;\r\n x=y\r\n--a\r\n\r\nbody',
      ['content-type=multipart/mixed; boundary=a; x=y'],
      '--a\r\n\r\nbody',
      ['HEADER_END_MISSING'],
    ],
    [
      'Content-Type: multipart/mixed; boundary=ab\r\n--a\r\nB: 2\r\n\r\nbody',
      ['content-type=multipart/mixed; boundary=ab', 'b=2'],
      'body',
      ['HEADER_LINE_SKIPPED'],
    ],
    // the boundary as the tree reads it: continued, percent-encoded, with quoted pairs (RFC 2231 §3, §4)
    [
      'Content-Type: multipart/mixed; boundary*0=ab; boundary*1="c d"\r\n--abc d\r\nB: 2\r\n\r\nbody',
      ['content-type=multipart/mixed; boundary*0=ab; boundary*1="c d"'],
      '--abc d\r\nB: 2\r\n\r\nbody',
      ['HEADER_END_MISSING'],
    ],
    [
      "Content-Type: multipart/mixed; boundary*=us-ascii''a%3Db\r\n--a=b\r\nB: 2\r\n\r\nbody",
      ["content-type=multipart/mixed; boundary*=us-ascii''a%3Db"],
      '--a=b\r\nB: 2\r\n\r\nbody',
      ['HEADER_END_MISSING'],
    ],
    [
      'Content-Type: multipart/mixed; x="; boundary=c"; boundary="a\\"b"\r\n--a"b\r\nB: 2\r\n\r\nbody',
      ['content-type=multipart/mixed; x="; boundary=c"; boundary="a\\"b"'],
      '--a"b\r\nB: 2\r\n\r\nbody',
      ['HEADER_END_MISSING'],
    ],
    ['only text\r\n\r\nmore', [], 'only text\r\n\r\nmore', ['HEADER_END_MISSING']],
    ['From a@b Mon Jan 1 00:00:00 2002\r\nA: 1\r\n\r\nbody', ['a=1'], 'body', ['MBOX_LINE_SKIPPED']],
    ['\xef\xbb\xbfA: 1\r\nB: 2\r\n\r\nbody', ['a=1', 'b=2'], 'body', ['BYTE_ORDER_MARK_SKIPPED']],
    ['\r\nbody', [], 'body', []],
    ['', [], '', []],
    [`${'n'.repeat(300)}: 1\r\nA: 2\r\n\r\n`, ['a=2'], '', ['HEADER_NAME_TOO_LONG']],
  ])('%j', (text, fields, body, codes) => {
    expect(read(text)).toEqual({ fields, body, codes });
  });

  test('a block larger than one chunk reads the same', () => {
    const lines = Array.from({ length: 2_000 }, (_, i) => `X-${i}: ${'v'.repeat(i % 50)}\r\n odd\r\n`).join('');
    const { fields, body } = read(`${lines}\r\nbody`);
    expect(fields).toHaveLength(2_000);
    expect(fields[1_999]).toBe(`x-1999=${'v'.repeat(1_999 % 50)} odd`);
    expect(body).toBe('body');
  });

  test('a block beyond the limit is an error', () => {
    expect(() => read(`A: ${'x'.repeat(200)}\r\n\r\n`, 100)).toThrow(
      expect.objectContaining({ code: 'MESSAGE_HEADER_TOO_LARGE' }),
    );
  });
});
