import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { parseParameters } from '../../src/message/parameters.ts';

const parse = (text: string) => {
  const { value, parameters } = parseParameters(text, 'content-type', new Defects());
  return [value, Object.fromEntries(parameters)];
};

describe('parseParameters', () => {
  test.each([
    // RFC 2045 §5.1
    ['text/plain; charset=us-ascii (Plain text)', 'text/plain', { charset: 'us-ascii' }],
    ['text/plain; charset="us-ascii"', 'text/plain', { charset: 'us-ascii' }],
    ['Text/HTML (a page) ; Charset=UTF-8', 'text/html', { charset: 'UTF-8' }],
    // RFC 822 §3.1.4: comments stand between any two words
    ['(a) text/plain (b) ; (c) charset (d) = (e (f)) utf-8 (g)', 'text/plain', { charset: 'utf-8' }],
    ['text/plain; charset=us-ascii(Plain text); format=fixed', 'text/plain', { charset: 'us-ascii', format: 'fixed' }],
    ['multipart/mixed; boundary=a(1)b', 'multipart/mixed', { boundary: 'a(1)b' }],
    ["attachment; filename*=utf-8''a(1).txt; size=3", 'attachment', { filename: 'a(1).txt', size: '3' }],
    ['text/plain (a; b=c); charset=(d; e) utf-8; f=g', 'text/plain', { charset: 'utf-8', f: 'g' }],
    ['attachment; filename = (a) "b.txt" (c)', 'attachment', { filename: 'b.txt' }],
    ['attachment; filename=(1) b.txt', 'attachment', { filename: '(1) b.txt' }],
    // §3.3.5: a backslash quotes any character; a boundary is bytes, whatever it looks like
    ['multipart/mixed; boundary="a\\=b\\"c"', 'multipart/mixed', { boundary: 'a=b"c' }],
    ['multipart/mixed; boundary="=?utf-8?q?a?="', 'multipart/mixed', { boundary: '=?utf-8?q?a?=' }],
    ['multipart/mixed; boundary="\xc3\xa9"', 'multipart/mixed', { boundary: '\xc3\xa9' }],
    ["multipart/mixed; boundary*=us-ascii''a%20b", 'multipart/mixed', { boundary: 'a b' }],
    ['text/plain; charset=(never closed; x=y', 'text/plain', { charset: '(never', x: 'y' }],
    // RFC 2231 §3, §4, §4.1
    [
      'message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"',
      'message/external-body',
      { 'access-type': 'URL', url: 'ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar' },
    ],
    [
      "application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
      'application/x-stuff',
      { title: 'This is ***fun***' },
    ],
    [
      `application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`,
      'application/x-stuff',
      { title: "This is even more ***fun*** isn't it!" },
    ],
    ["attachment; filename*=UTF-8''%e2%82%ac.txt; filename=euro.txt", 'attachment', { filename: '€.txt' }],
    ["attachment; filename=euro.txt; filename*=UTF-8''%e2%82%ac.txt", 'attachment', { filename: '€.txt' }],
    [
      "attachment; filename=euro.txt; filename*0*=UTF-8''%e2%82%ac; filename*1=.txt",
      'attachment',
      { filename: '€.txt' },
    ],
    ['attachment; filename*1=.txt; filename*0=a; filename=b.txt', 'attachment', { filename: 'a.txt' }],
    [
      `attachment; filename*0*=UTF-8''%e2%82; filename*1*=%ac%20; filename*2="%41=?x"`,
      'attachment',
      { filename: '€ %41=?x' },
    ],
    // what senders do beside it
    ['attachment; filename*1=a; filename*2=.txt', 'attachment', { filename: 'a.txt' }],
    ['attachment; filename*2=.txt; filename=b.txt', 'attachment', { filename: 'b.txt' }],
    ['attachment; filename="=?utf-8?B?w6kudHh0?="', 'attachment', { filename: 'é.txt' }],
    ['attachment; filename=my file (1).pdf; size=3', 'attachment', { filename: 'my file (1).pdf', size: '3' }],
    ['attachment; filename="C:\\temp\\a.txt"', 'attachment', { filename: 'C:\\temp\\a.txt' }],
    ['attachment; filename="say \\"hi\\".txt"', 'attachment', { filename: 'say "hi".txt' }],
    ['text/plain; charset=a; charset=b', 'text/plain', { charset: 'a' }],
    ['filename="a b.txt"; size=3', '', { filename: 'a b.txt', size: '3' }],
    ['charset = utf-8', '', { charset: 'utf-8' }],
    ['multipart/mixed boundary="b"', 'multipart/mixed', { boundary: 'b' }],
    ['multipart/mixed; boundary="never closed', 'multipart/mixed', { boundary: 'never closed' }],
    ['text/plain;', 'text/plain', {}],
    ['', '', {}],
  ])('%s', (text, value, parameters) => {
    expect(parse(text)).toEqual([value, parameters]);
  });

  test('a quoted string that is never closed is told', () => {
    const defects = new Defects();
    parseParameters('multipart/mixed; boundary="b; charset=x', 'content-type', defects);
    expect(defects.list()).toEqual([{ code: 'PARAMETER_QUOTE_UNTERMINATED', detail: 'content-type' }]);
  });
});
