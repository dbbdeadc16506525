import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type MboxFormat, type ScannedMessage, scanMbox } from '../../../src/sources/mbox/scan.ts';
import { never } from '../support.ts';

const from = 'From ann@example.org Tue Mar 31 22:00:05 2015\n';

/** Messages of a text, read in pieces of at most `step` bytes. */
async function scan(text: string | Buffer, format: MboxFormat = 'Auto', step = 2 ** 20): Promise<ScannedMessage[]> {
  const bytes = Buffer.from(text as string, 'latin1');
  const read = async (position: number, length: number) => {
    const short = length > 600 ? Math.min(length, step) : length; // only the scan itself asks for more
    return Buffer.from(bytes.subarray(position, position + short));
  };
  const found: ScannedMessage[] = [];
  for await (const each of scanMbox({ read, from: 0, to: bytes.length, format, collect: true, signal: never }))
    found.push(each);
  return found;
}

const raws = async (text: string, format?: MboxFormat) =>
  (await scan(text, format)).map(({ raw }) => raw?.toString('latin1'));

describe('messages of an mbox file', () => {
  test('end before the next From_ line, without the blank line between', async () => {
    const text = `${from}Subject: a\n\none\n\n${from}Subject: b\n\ntwo\n\n`;
    expect(await raws(text)).toEqual(['Subject: a\n\none\n', 'Subject: b\n\ntwo\n']);
  });

  test('with CRLF', async () => {
    const crlf = `${from}Subject: a\n\none\n\n${from}Subject: b\n\ntwo\n\n`.replaceAll('\n', '\r\n');
    expect(await raws(crlf)).toEqual(['Subject: a\r\n\r\none\r\n', 'Subject: b\r\n\r\ntwo\r\n']);
  });

  test('are the same bytes whether they are the last or another follows', async () => {
    for (const end of ['', '\n', '\n\n', '\n\n\n']) {
      const last = await scan(`${from}Subject: a\n\none${end}`);
      const followed = await scan(`${from}Subject: a\n\none${end === '' ? '\n' : end}${from}x: y\n\n`);
      expect(followed[0]!.sha256.equals(last[0]!.sha256), JSON.stringify(end)).toBe(true);
    }
  });

  test('without a body, without a header, without anything', async () => {
    expect(await raws(`${from}Subject: a\n\n${from}Subject: b\n${from}\n\n${from}\nbody\n`)).toEqual([
      'Subject: a\n\n',
      'Subject: b\n',
      '\n',
      '\nbody\n',
    ]);
  });

  test('begin at a line with a date alone', async () => {
    const text = `${from}Subject: a\n\nfirst\n\nFrom now on, it is a sentence.\n\nlast\n`;
    expect(await raws(text)).toEqual(['Subject: a\n\nfirst\n\nFrom now on, it is a sentence.\n\nlast\n']);
  });

  test('begin without a blank line before', async () => {
    expect(await raws(`${from}a: b\n\none\n${from}c: d\n\ntwo\n`)).toEqual(['a: b\n\none\n', 'c: d\n\ntwo\n']);
  });

  test('the first line needs no date, and blank lines may stand before it', async () => {
    expect(await raws('From somebody\na: b\n\none\n')).toEqual(['a: b\n\none\n']);
    expect(await raws(`\n\n${from}a: b\n\none\n`)).toEqual(['a: b\n\none\n']);
  });

  test.each<[MboxFormat, string]>([
    ['mboxrd', 'From x\n>From y\n>>From z\n'],
    ['Auto', 'From x\n>From y\n>>From z\n'],
    ['mboxo', 'From x\n>>From y\n>>>From z\n'],
    ['mboxcl2', '>From x\n>>From y\n>>>From z\n'],
  ])('quoting of %s', async (format, expected) => {
    const text = `${from}a: b\n\n>From x\n>>From y\n>>>From z\n\n`;
    expect(await raws(text, format)).toEqual([`a: b\n\n${expected}`]);
  });

  test('`>` that quotes something else stays', async () => {
    expect(await raws(`${from}a: b\n\n> From x\n>Fromage\nx >From y\n\n`)).toEqual([
      'a: b\n\n> From x\n>Fromage\nx >From y\n',
    ]);
  });
});

describe('Content-Length', () => {
  const body = `one\n\n${from}this is quoted mail\n\n>From here too\n`;
  const text = `${from}a: b\nContent-Length: ${body.length}\n\n${body}\n${from}c: d\nContent-Length: 4\n\ntwo\n`;

  test('tells where a body ends, whatever is in it, and nothing is unquoted', async () => {
    expect(await raws(text)).toEqual([`a: b\n\n${body}`, 'c: d\n\ntwo\n']);
    expect(await raws(text, 'mboxcl2')).toEqual([`a: b\n\n${body}`, 'c: d\n\ntwo\n']);
  });

  test('with quoting', async () => {
    expect((await raws(text, 'mboxcl'))[0]).toBe(`a: b\n\n${body.replace('>From', 'From')}`);
  });

  test('is not believed by formats without it', async () => {
    expect(await raws(text, 'mboxrd')).toHaveLength(3);
  });

  test.each([3, 5, 100, 1_000_000])('that is wrong (%i) is not believed', async (length) => {
    const wrong = `${from}a: b\nContent-Length: ${length}\n\none two three\n\n${from}c: d\n\ntwo\n`;
    expect(await raws(wrong)).toEqual(['a: b\n\none two three\n', 'c: d\n\ntwo\n']);
  });

  test('given twice is not believed', async () => {
    const twice = `${from}Content-Length: ${body.length}\nContent-Length: 4\n\n${body}\n`;
    expect(await raws(twice)).toHaveLength(2);
  });

  test('beyond the end: the message is not whole yet', async () => {
    const [cut] = await scan(`${from}a: b\nContent-Length: 100\n\none\n\n`);
    expect(cut!.whole).toBe(false);
    expect((await scan(`${from}a: b\n\none\n\n`))[0]!.whole).toBe(true);
    expect((await scan(`${from}a: b\n\none\n`))[0]!.whole).toBe(false);
    expect((await scan(`${from}a: b\nContent-Length: 4\n\none\n`))[0]!.whole).toBe(true);
  });
});

describe('what belongs to the file', () => {
  test('is taken out of the header and told as flags', async () => {
    const header = 'Subject: a\nStatus: RO\nX-Status: AF\nX-Keywords: x\n y\nX-UID: 7\nX-Mozilla-Status: 0001\nTo: b\n';
    const [message] = await scan(`${from}${header}\none\n`);
    expect(message!.raw!.toString()).toBe('Subject: a\nTo: b\n\none\n');
    expect(message!.header.flags).toEqual(['\\Answered', '\\Flagged', '\\Seen']);
    const [later] = await scan(`${from}Subject: a\nStatus: O\nTo: b\n\none\n`);
    expect(later!.sha256.equals(message!.sha256)).toBe(true);
  });

  test('a pseudo message of the folder is told', async () => {
    const [message] = await scan(`${from}X-IMAP: 1234 7\nSubject: DON'T DELETE THIS MESSAGE\n\nx\n\n`);
    expect(message!.header.folderData).toBe(true);
  });
});

describe('any size', () => {
  test('gives the same messages in whatever pieces the file is read', async () => {
    const long = 'x'.repeat(3_000_000);
    const text = `${from}a: b\n\n>From one\n${long}\n>From two\n\n${from}c: ${long}\n\ntwo\n>From x\n\n${from}e: f\n\n${'line\n'.repeat(300_000)}\n`;
    const whole = await scan(text);
    expect(whole.map(({ size }) => size)).toEqual([3_000_025, 3_000_016, 1_500_006]);
    expect(createHash('sha256').update(whole[1]!.raw!).digest().equals(whole[1]!.sha256)).toBe(true);
    for (const step of [1_000, 65_537, 999_999])
      expect((await scan(text, 'Auto', step)).map(({ sha256 }) => sha256)).toEqual(whole.map(({ sha256 }) => sha256));
  });
});
