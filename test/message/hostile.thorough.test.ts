import { describe, expect, test } from 'vitest';
import { parseAddresses } from '../../src/message/addresses.ts';
import { decodeCharset } from '../../src/message/charsets.ts';
import { Defects } from '../../src/message/defects.ts';
import { decodeWords } from '../../src/message/encoded-words.ts';
import { htmlToText } from '../../src/message/html-to-text.ts';
import { everything } from '../../src/message/insights.ts';
import type { Message } from '../../src/message/normal-message.ts';
import { parseParameters } from '../../src/message/parameters.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { bareAddress } from '../../src/message/reports/notice.ts';
import { decodeTransfer } from '../../src/message/transfer-encoding.ts';
import { spamAssassin } from './corpus.ts';

const bound = 10_000;
const million = 1_000_000;

/** The error code that parsing ends with, or `read`. */
function outcome(raw: Buffer): string {
  try {
    everything(parseMessage(raw));
    return 'read';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
}

describe('hostile input takes linear time', () => {
  // Each would take minutes if it were quadratic.
  test.each([
    ['a million headers', 'a:\n'.repeat(million), 'MESSAGE_HEADER_TOO_LARGE'],
    ['350,000 headers of one name within the limit', `${'a:\n'.repeat(340_000)}\nbody`, 'read'],
    ['lines that are no headers', `A: 1\n${'x\nB:\n'.repeat(150_000)}\nbody`, 'read'],
    [
      'a hundred thousand parts',
      `Content-Type: multipart/mixed; boundary=b\n\n${'--b\n\nx\n'.repeat(100_000)}`,
      'MESSAGE_TOO_MANY_PARTS',
    ],
    [
      'the same boundary nested',
      'Content-Type: multipart/mixed; boundary=b\n\n--b\n'.repeat(100_000),
      'MESSAGE_TOO_DEEP',
    ],
    [
      'lines that look like boundaries',
      `Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${'--\n'.repeat(million)}`,
      'read',
    ],
    [
      'a long boundary',
      `Content-Type: multipart/mixed; boundary="${'-'.repeat(500_000)}"\n\n${`${'-'.repeat(1_000)}\n`.repeat(5_000)}`,
      'read',
    ],
    [
      'types without a boundary before lines that look like one',
      `${'Content-Type: multipart/mixed; a=b\n--\n'.repeat(26_000)}\nbody`,
      'read',
    ],
    [
      'a boundary with a long end of blanks before lines that look like it',
      `Content-Type: multipart/mixed; boundary="b${' '.repeat(400_000)}"\n${'--\nB:\n'.repeat(90_000)}\nbody`,
      'read',
    ],
    ['parameters that lost their blanks', `A: 1;\n${'b=1;\n'.repeat(200_000)}\nbody`, 'read'],
    ['a type that ends in quotes', `Content-Type: ${'"'.repeat(900_000)}x\n\nbody`, 'read'],
    ['folded lines behind none', `A: 1\n${'x\n y\n'.repeat(200_000)}B: 2\n\nbody`, 'read'],
    ['one long line', 'x'.repeat(20 * million), 'MESSAGE_HEADER_TOO_LARGE'],
    ['quotes in From', `From: ${'"'.repeat(500_000)}\n\n`, 'read'],
    ['comments in From', `From: ${'('.repeat(500_000)}\n\n`, 'read'],
    ['angles in From', `From: ${'<'.repeat(500_000)}\n\n`, 'read'],
    ['encoded words', `Subject: ${'=?a?Q?'.repeat(80_000)}\n\n`, 'read'],
    ['carriage returns', '\r'.repeat(5 * million), 'read'],
  ])('%s', { timeout: bound }, (_, text, expected) => {
    expect(outcome(Buffer.from(text, 'latin1'))).toBe(expected);
  });

  test('nested multiparts up to the limit over much text', { timeout: bound }, () => {
    let head = '';
    for (let i = 0; i < 100; i++) head += `Content-Type: multipart/mixed; boundary=b${i}\n\n--b${i}\n`;
    const raw = Buffer.from(`${head}\n${'some text\n-- \n'.repeat(million)}`, 'latin1');
    expect(outcome(raw)).toBe('read');
  });

  const defects = () => new Defects();
  test.each<[string, () => unknown]>([
    ['addresses: escaped quotes', () => parseAddresses('"\\'.repeat(million), 'to', defects())],
    ['addresses: unterminated comments in angles', () => parseAddresses('<('.repeat(million), 'to', defects())],
    ['addresses: unterminated quotes in angles', () => parseAddresses('<a",'.repeat(million), 'to', defects())],
    ['addresses: words', () => parseAddresses('a '.repeat(million), 'to', defects())],
    ['addresses: dots', () => parseAddresses('. @ '.repeat(million), 'to', defects())],
    ['addresses: groups', () => parseAddresses('a:;'.repeat(million), 'to', defects())],
    ['addresses: colons behind an address', () => parseAddresses(`a@b${':'.repeat(million)}`, 'to', defects())],
    ['addresses: marks within an address', () => bareAddress(`a${';'.repeat(million)}b`)],
    ['addresses: without commas', () => parseAddresses('a <b@c> '.repeat(100_000), 'to', defects())],
    ['addresses: angles that nobody opened', () => parseAddresses(`a@b${'>'.repeat(million)}`, 'to', defects())],
    ['addresses: halves of names', () => parseAddresses('a, b <c@d>, '.repeat(100_000), 'to', defects())],
    ['addresses: encoded words that do not end', () => parseAddresses('=?a?q?b,'.repeat(100_000), 'to', defects())],
    ['addresses: marks in an encoded word', () => parseAddresses(`=?a?q?${'<'.repeat(million)}?=`, 'to', defects())],
    [
      'addresses: a packed one',
      () => parseAddresses(`"${'<'.repeat(500_000)}${'@'.repeat(500_000)}"`, 'to', defects()),
    ],
    ['addresses: unclosed angles', () => parseAddresses('<,'.repeat(million), 'to', defects())],
    ['encoded words: unterminated', () => decodeWords('=?a?Q?b'.repeat(300_000), 's', defects())],
    ['encoded words: only the last ends', () => decodeWords(`${'=?a?Q?'.repeat(300_000)}?=`, 's', defects())],
    ['encoded words: far from their end', () => decodeWords(`€${'=?a?Q?bc '.repeat(300_000)}?=`, 's', defects())],
    ['encoded words: many', () => decodeWords('=?a?Q?b?= '.repeat(200_000), 's', defects())],
    ['encoded words: alternating charsets', () => decodeWords('=?a?Q?b?= =?c?Q?b?= '.repeat(100_000), 's', defects())],
    ['parameters: semicolons', () => parseParameters(`a${';'.repeat(million)}`, 'c', defects())],
    ['parameters: semicolons, then an equals sign', () => parseParameters(`a${';t'.repeat(million)}=`, 'c', defects())],
    ['parameters: equals', () => parseParameters(`a;${'='.repeat(million)}`, 'c', defects())],
    ['parameters: continuations', () => parseParameters(`a;${'b*1=c;'.repeat(300_000)}`, 'c', defects())],
    ['parameters: quotes', () => parseParameters(`a;${'b="'.repeat(500_000)}`, 'c', defects())],
    ['parameters: blanks', () => parseParameters(`a${' '.repeat(million)}b`, 'c', defects())],
    [
      'charset: leftovers of a parameter',
      () => decodeCharset(Buffer.from('a'), `a${';'.repeat(million)}b`, 's', defects()),
    ],
    ['HTML: open tags', () => htmlToText('<a '.repeat(million))],
    ['HTML: quotes', () => htmlToText(`${'<a b="'.repeat(500_000)}'`)],
    ['HTML: mixed quotes', () => htmlToText('<a b="><a b=\'>'.repeat(300_000))],
    ['HTML: comments', () => htmlToText('<!-- '.repeat(million))],
    ['HTML: comment ends', () => htmlToText('<!-->'.repeat(million))],
    ['HTML: dropped elements', () => htmlToText('<title></'.repeat(500_000))],
    ['HTML: scripts', () => htmlToText('<script></'.repeat(500_000))],
    ['HTML: alternating dropped elements', () => htmlToText('<title><iframe></x'.repeat(300_000))],
    ['HTML: blanks', () => htmlToText(' '.repeat(5 * million))],
    ['HTML: breaks', () => htmlToText(`x${'<br>'.repeat(million)}y`)],
    ['HTML: ampersands', () => htmlToText('&'.repeat(5 * million))],
    ['HTML: less-than signs', () => htmlToText('<'.repeat(5 * million))],
    ['HTML: quotes behind blanks', () => htmlToText(`<a ${' "'.repeat(million)}`)],
    ['quoted-printable: equals', () => decodeTransfer(Buffer.alloc(5 * million, '='), 'quoted-printable', defects())],
    ['quoted-printable: blanks', () => decodeTransfer(Buffer.alloc(5 * million, '= '), 'quoted-printable', defects())],
    [
      'quoted-printable: blank lines',
      () => decodeTransfer(Buffer.alloc(5 * million, ' \t'), 'quoted-printable', defects()),
    ],
    ['base64: equals', () => decodeTransfer(Buffer.alloc(million, '='), 'base64', defects())],
    ['base64: pieces', () => decodeTransfer(Buffer.alloc(million, 'Zg=='), 'base64', defects())],
    ['base64: foreign lines', () => decodeTransfer(Buffer.alloc(5 * million, '!\n'), 'base64', defects())],
  ])('%s', { timeout: bound }, (_, run) => {
    run();
  });
});

describe('broken mail', () => {
  const strings = (message: Message): string =>
    JSON.stringify({ ...everything(message), headers: [...message.headers], defects: [] });

  test('whatever is cut or flipped, a message or a MESSAGE_ error comes of it, twice the same', {
    timeout: 60_000,
  }, async () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    let index = 0;
    for (const { raw, name } of spamAssassin()) {
      if (index++ % 12 !== 0) continue;
      const broken = Buffer.from(raw.subarray(0, random(raw.length)));
      for (let i = 0; i < 20 && broken.length > 0; i++) broken[random(broken.length)] = random(256);
      const message = await parseMessage(broken);
      const text = strings(message);
      expect(text.isWellFormed() && !text.includes('\\u0000'), name).toBe(true);
      expect(strings(await parseMessage(Buffer.from(broken))), name).toBe(text);
    }
  });
});
