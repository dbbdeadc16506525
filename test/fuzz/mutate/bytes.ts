import type { Random } from '../random.ts';

/** Makes other bytes of some; `other` gives bytes of another message. */
export type Mutator = (random: Random, bytes: Buffer, other: () => Buffer) => Buffer;

const join = (...pieces: readonly (Buffer | string)[]): Buffer =>
  Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)));

/** What breaks parsers: pieces of the grammars, numbers at their limits, characters that are no characters. */
const dictionary: readonly string[] = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\r\r',
  ' ',
  '\t',
  '\x0b',
  '\x0c',
  '\x85',
  '\xa0',
  '\x7f',
  '\xff',
  '\xef\xbb\xbf',
  '\xff\xfe',
  '\xed\xa0\x80',
  '\xc0\x80',
  '\xf4\x90\x80\x80',
  '\xe2\x80\xa8',
  '\x1b$B',
  '\x1b(B',
  '+ADw-',
  '&#0;',
  '&#xD800;',
  '&#1114112;',
  '&#99999999999;',
  '&amp',
  '&',
  '<',
  '>',
  '<!--',
  '-->',
  '<script>',
  '</',
  '<br',
  '<pre>',
  '<a href="',
  '=',
  '==',
  '=\r\n',
  '=0',
  '=00',
  '=?',
  '?=',
  '=?utf-8?B?',
  '=?utf-8?Q?=00?=',
  '=?utf-16le?B?AA==?=',
  '=?utf-8?B?7aCA?=',
  '=?x?Q??=',
  '=?=',
  '"',
  '\\',
  '\\"',
  '(',
  ')',
  '[',
  ']',
  ';',
  ':',
  ',',
  '@',
  '..',
  ':;',
  '<>',
  '<<',
  '>>',
  '*0*=',
  "*=utf-8''%00",
  "*=utf-16le''%00%d8",
  '*1=',
  '*999=',
  '*00=',
  '%',
  '%0',
  "''",
  '--',
  '-- \r\n',
  '--=_',
  'From ',
  '>From ',
  'From: ',
  'Date: ',
  'Subject: ',
  'To: ',
  'X: ',
  '\r\n ',
  '\n\t',
  ': ',
  'Content-Type: ',
  'Content-Type: multipart/mixed; boundary=',
  'Content-Type: multipart/mixed; boundary=""',
  'Content-Type: message/rfc822',
  'Content-Type: text/html',
  'Content-Type: multipart/report; report-type=delivery-status; boundary=x',
  'Content-Type: message/delivery-status',
  'Content-Type: message/feedback-report',
  'Content-Type: text/plain; format=flowed; delsp=yes',
  'Content-Type: application/ms-tnef',
  'Content-Type: application/pkcs7-mime; smime-type=signed-data',
  'Content-Type: multipart/digest; boundary=d',
  'Content-Type: multipart/signed; boundary=s',
  'Content-Type: multipart/encrypted; boundary=e',
  'Content-Type: text/plain; charset=utf-7',
  'Content-Type: text/plain; charset=utf-16',
  'Content-Type: text/plain; charset=iso-2022-jp',
  'Content-Type: text/plain; charset=cp437',
  'Content-Type: text/plain; charset="\0"',
  'Content-Type: text/calendar',
  'Content-Transfer-Encoding: base64',
  'Content-Transfer-Encoding: quoted-printable',
  'Content-Transfer-Encoding: x-uuencode',
  'Content-Transfer-Encoding: 8bit',
  'Content-Disposition: attachment; filename=',
  'Content-Disposition: inline',
  'MIME-Version: 1.0',
  'begin 644 a.txt',
  'begin 0 \0',
  'end',
  '`',
  '#86)C',
  '\x78\x9f\x3e\x22',
  '\x1f\x8b\x08',
  'PK\x03\x04',
  'PK\x05\x06',
  '-----BEGIN PGP MESSAGE-----',
  '-----END PGP',
  'Auto-Submitted: auto-replied',
  'Authentication-Results: a; spf=pass',
  'Received: from a by b; ',
  'List-Unsubscribe: <',
  'List-Id: ',
  'References: <',
  'Reply-To: ',
  'Sender: ',
  'Thread-Index: ',
  'Precedence: bulk',
  'Return-Path: <>',
  'Final-Recipient: rfc822; ',
  'Action: failed',
  'Status: 5.',
  'Diagnostic-Code: smtp; 550 ',
  'Reporting-MTA: dns; ',
  'Feedback-Type: abuse',
  'Original-Rcpt-To: ',
  'Source-IP: ',
  'On Mon, 1 Jan 2024 at 10:00, A <a@b> wrote:',
  '-----Original Message-----',
  '> ',
  '>> > >',
  '31 Feb 2024 25:61:61 +9999',
  'Mon, 1 Jan 0001 00:00:00 +2359',
  '31 Dec 9999 23:59:59 -2359',
  '1 Jan 10000 00:00 +0000',
  '-1',
  '0',
  '65536',
  '4294967295',
  '4294967296',
  '2147483648',
  '9007199254740993',
  '18446744073709551616',
  '1e999',
  'NaN',
  'Infinity',
  '__proto__',
  'constructor',
  'toString',
  'undefined',
  'null',
  '[object Object]',
];

const position = (random: Random, bytes: Buffer): number => random.int(bytes.length + 1);
const span = (random: Random, bytes: Buffer, most = 200): readonly [number, number] => {
  const start = position(random, bytes);
  return [start, Math.min(bytes.length, start + random.between(1, most))];
};

/** Sizes of long tokens: around the limits that code has. */
const sizes = [70, 256, 257, 998, 999, 1_024, 4_096, 4_097, 8_191, 16_385, 65_536, 65_537, 70_000, 200_000];

export const byteMutators: readonly Mutator[] = [
  // Bits and bytes.
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    for (let i = random.between(1, 8); i > 0 && copy.length > 0; i--) {
      const at = random.int(copy.length);
      copy[at] = (copy[at] ?? 0) ^ (1 << random.int(8));
    }
    return copy;
  },
  (random, bytes) => {
    const copy = Buffer.from(bytes);
    for (let i = random.between(1, 8); i > 0 && copy.length > 0; i--) copy[random.int(copy.length)] = random.int(256);
    return copy;
  },
  // A word of the dictionary put in, or over what is there.
  (random, bytes) => {
    const at = position(random, bytes);
    const word = random.pick(dictionary);
    return join(bytes.subarray(0, at), word, bytes.subarray(at + (random.once(2) ? word.length : 0)));
  },
  // A line of the dictionary put in.
  (random, bytes) => {
    const lf = bytes.indexOf(0x0a, position(random, bytes));
    const at = lf === -1 ? bytes.length : lf + 1;
    return join(bytes.subarray(0, at), random.pick(dictionary), random.pick(['\r\n', '\n']), bytes.subarray(at));
  },
  // Cut at any byte, at the end or at the beginning.
  (random, bytes) => bytes.subarray(0, position(random, bytes)),
  (random, bytes) => bytes.subarray(position(random, bytes)),
  // A piece taken out, twice there, or moved.
  (random, bytes) => {
    const [start, end] = span(random, bytes);
    return join(bytes.subarray(0, start), bytes.subarray(end));
  },
  (random, bytes) => {
    const [start, end] = span(random, bytes);
    return join(bytes.subarray(0, end), bytes.subarray(start));
  },
  (random, bytes) => {
    const [start, end] = span(random, bytes);
    const rest = join(bytes.subarray(0, start), bytes.subarray(end));
    const at = position(random, rest);
    return join(rest.subarray(0, at), bytes.subarray(start, end), rest.subarray(at));
  },
  // Two messages spliced.
  (random, bytes, other) => {
    const second = other();
    return join(bytes.subarray(0, position(random, bytes)), second.subarray(position(random, second)));
  },
  (random, bytes, other) => {
    const second = other();
    const [start, end] = span(random, second, 2_000);
    const at = position(random, bytes);
    return join(bytes.subarray(0, at), second.subarray(start, end), bytes.subarray(at));
  },
  // A very long token.
  (random, bytes) => {
    const at = position(random, bytes);
    const unit = random.once(2) ? random.pick(dictionary) : String.fromCharCode(random.int(256));
    const size = random.pick(sizes);
    return join(bytes.subarray(0, at), unit.repeat(Math.ceil(size / unit.length)), bytes.subarray(at));
  },
  // A piece of the message again and again: what takes time with its square takes seconds.
  (random, bytes) => {
    const [start, end] = span(random, bytes, random.pick([4, 12, 60, 400]));
    const piece = bytes.subarray(start, end);
    if (piece.length === 0) return bytes;
    const size = random.pick([4_096, 65_536, 262_144, 600_000]);
    const repeated = Buffer.alloc(Math.ceil(size / piece.length) * piece.length, piece);
    return join(bytes.subarray(0, start), repeated, bytes.subarray(end));
  },
  // A number at its limits.
  (random, bytes) => {
    const text = bytes.toString('latin1');
    const numbers = [...text.matchAll(/\d+/g)];
    if (numbers.length === 0) return bytes;
    const chosen = random.pick(numbers);
    const extreme = random.pick([
      '0',
      '-1',
      '1',
      '255',
      '65536',
      '4294967296',
      '9007199254740993',
      '9'.repeat(400),
      '',
    ]);
    return join(text.slice(0, chosen.index), extreme, text.slice(chosen.index + chosen[0].length));
  },
];
