import type { Mutator } from './bytes.ts';

const split = (bytes: Buffer): string[] => bytes.toString('latin1').split(/(?<=\n)/);
const joined = (lines: readonly string[]): Buffer => Buffer.from(lines.join(''), 'latin1');
const replaced = (bytes: Buffer, pattern: RegExp, by: string | ((match: string) => string)): Buffer =>
  Buffer.from(bytes.toString('latin1').replace(pattern, typeof by === 'string' ? () => by : by), 'latin1');

/** Characters that one mutation makes at most. */
const most = 2_000_000;

/** Every boundary that a message names. */
const boundaries = (text: string): string[] =>
  [...text.matchAll(/boundary\s*=\s*"?([^";\r\n]+)/gi)]
    .map((match) => match[1]?.trim() ?? '')
    .filter((one) => one !== '');

export const lineMutators: readonly Mutator[] = [
  (random, bytes) => joined(split(bytes).toSpliced(random.int(40), random.between(1, 3))),
  (random, bytes) => {
    const lines = split(bytes);
    const at = random.int(lines.length);
    return joined(lines.toSpliced(at, 0, lines[at] ?? ''));
  },
  (random, bytes) => {
    const lines = split(bytes);
    const [one, two] = [random.int(lines.length), random.int(lines.length)];
    return joined(lines.with(one, lines[two] ?? '').with(two, lines[one] ?? ''));
  },
  // One field many times.
  (random, bytes) => {
    const lines = split(bytes);
    const at = random.int(Math.min(lines.length, 30));
    const line = lines[at] ?? '';
    const times = Math.min(random.pick([2, 50, 3_000]), Math.ceil(most / (line.length + 1)));
    return joined(lines.toSpliced(at, 0, line.repeat(times)));
  },
  // Line ends.
  (_, bytes) => replaced(bytes, /\r\n/g, '\n'),
  (_, bytes) => replaced(bytes, /\r?\n/g, '\r'),
  (_, bytes) => replaced(bytes, /(?<!\r)\n/g, '\r\n'),
  (random, bytes) => replaced(bytes, /\r\n/g, () => random.pick(['\r\n', '\n', '\r', '\r\r\n', '\n\r'])),
  (_, bytes) => replaced(bytes, /\r?\n\r?\n/, '\r\n'),
  // Boundaries: another one, the same for all, with blanks, longer, never closed.
  (random, bytes) => {
    const found = boundaries(bytes.toString('latin1'));
    if (found.length === 0) return bytes;
    const old = random.pick(found);
    const fresh = random.pick([
      random.pick(found),
      `${old} `,
      `${old}--`,
      '',
      '-',
      `${old}x`,
      'b'.repeat(5_000),
      '\0',
      ' ',
    ]);
    const text = bytes.toString('latin1');
    const all = random.once(2) && (text.length / old.length) * fresh.length <= most;
    return Buffer.from(all ? text.replaceAll(old, () => fresh) : text.replace(old, () => fresh), 'latin1');
  },
  (random, bytes) => {
    const found = boundaries(bytes.toString('latin1'));
    const old = found.length === 0 ? '' : random.pick(found);
    return old === ''
      ? bytes
      : Buffer.from(
          bytes.toString('latin1').replaceAll(`--${old}--`, () => `--${old}`),
          'latin1',
        );
  },
  // The whole message in another one, a number of times.
  (random, bytes) => {
    let text = bytes.toString('latin1');
    const times = text.length > 20_000 ? 3 : random.pick([1, 3, 30, 120]);
    const rfc822 = random.once(2);
    for (let i = 0; i < times; i++)
      text = rfc822
        ? `Content-Type: message/rfc822\r\n\r\n${text}`
        : `Content-Type: multipart/${random.pick(['mixed', 'digest', 'related'])}; boundary=n${i}\r\n\r\n--n${i}\r\n${text}\r\n--n${i}--\r\n`;
    return Buffer.from(text, 'latin1');
  },
  // Body encoded although its header knows nothing of it, and the reverse.
  (random, bytes) => {
    const text = bytes.toString('latin1');
    const end = text.search(/\r?\n\r?\n/);
    if (end === -1) return bytes;
    const body = Buffer.from(text.slice(end).trimStart(), 'latin1').toString('base64');
    return Buffer.from(
      `${text.slice(0, end)}\r\nContent-Transfer-Encoding: ${random.pick(['base64', 'quoted-printable', 'x-uuencode'])}\r\n\r\n${body}`,
      'latin1',
    );
  },
  // Headers in another charset than they say.
  (random, bytes) =>
    replaced(
      bytes,
      /charset="?[\w-]+"?/gi,
      `charset=${random.pick(['utf-16', 'iso-2022-jp', 'utf-7', 'x-nobody', 'gb18030', 'ibm437', 'utf-8', '"', 'us-ascii', 'utf-32', 'replacement', 'hz-gb-2312'])}`,
    ),
];
