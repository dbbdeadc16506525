import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { mayHoldUuencoded, takeUuencoded } from '../../src/message/uuencode.ts';

function take(text: string) {
  const defects = new Defects();
  const { rest, files } = takeUuencoded(Buffer.from(text, 'latin1'), defects);
  return {
    rest: rest.toString('latin1'),
    files: files.map(({ name, content }) => [name, content.toString('latin1')]),
    defects: defects.list().map((one) => one.code),
  };
}

/** Uuencoded bytes by the letter of POSIX: 45 bytes a line, a grave for zero. */
function uuencode(name: string, content: Buffer): string {
  const char = (value: number) => (value === 0 ? '`' : String.fromCharCode(value + 32));
  let text = `begin 644 ${name}\n`;
  for (let at = 0; at < content.length; at += 45) {
    const line = content.subarray(at, at + 45);
    text += char(line.length);
    for (let i = 0; i < line.length; i += 3) {
      const word = ((line[i] ?? 0) << 16) | ((line[i + 1] ?? 0) << 8) | (line[i + 2] ?? 0);
      text += char(word >> 18) + char((word >> 12) & 63) + char((word >> 6) & 63) + char(word & 63);
    }
    text += '\n';
  }
  return `${text}\`\nend\n`;
}

const cat = 'begin 644 cat.txt\n#0V%T\n`\nend\n';

describe('uuencoded files in a text', () => {
  test('are taken out of it', () => {
    expect(take(`before\n${cat}after\n`)).toEqual({
      rest: 'before\nafter\n',
      files: [['cat.txt', 'Cat']],
      defects: [],
    });
    expect(take(`a\r\n${cat.replaceAll('\n', '\r\n')}b`)).toMatchObject({
      rest: 'a\r\nb',
      files: [['cat.txt', 'Cat']],
    });
    expect(take(cat + cat.replace('cat', 'two'))).toMatchObject({
      rest: '',
      files: [
        ['cat.txt', 'Cat'],
        ['two.txt', 'Cat'],
      ],
    });
  });

  test('every byte comes back', () => {
    const content = Buffer.from(Array.from({ length: 1_000 }, (_, i) => (i * 7) & 0xff));
    expect(take(uuencode('a b.bin', content)).files).toEqual([['a b.bin', content.toString('latin1')]]);
  });

  test('blanks for zeros that were lost at line ends are put back', () => {
    const zeros = uuencode('z', Buffer.alloc(45)).replaceAll('`', ' ').replace(/ +\n/g, '\n');
    expect(take(zeros).files).toEqual([['z', '\0'.repeat(45)]]);
  });

  test.each([
    ['breaks off', 'begin 644 cat.txt\n#0V%T\n', ['UUENCODE_INVALID']],
    ['has other lines in it', 'begin 644 cat.txt\n#0V%T\nand so on\nend\n', ['UUENCODE_INVALID']],
    ['is text', 'begin 644 cat.txt\nis how it begins\n', []],
    ['has no data', 'begin 644 cat.txt\nend\n', []],
    ['has no mode', 'begin with a cat\n#0V%T\n`\nend\n', []],
    ['is quoted', '> begin 644 cat.txt\n> #0V%T\n> `\n> end\n', []],
  ])('what %s stays text', (_, text, defects) => {
    expect(take(text)).toEqual({ rest: text, files: [], defects });
  });

  test('a broken one does not hide the next', () => {
    expect(take(`begin 644 a\n#0V%T\n${cat}`)).toMatchObject({
      rest: 'begin 644 a\n#0V%T\n',
      files: [['cat.txt', 'Cat']],
    });
  });

  test('more than a thousand stay packed', () => {
    const { files, defects } = take(cat.repeat(1_001));
    expect([files.length, defects]).toEqual([1_000, ['UNPACK_LIMIT']]);
  });

  test('the quick look', () => {
    expect(mayHoldUuencoded(Buffer.from(cat))).toBe(true);
    expect(mayHoldUuencoded(Buffer.from(`to begin with\n${cat}`))).toBe(true);
    expect(mayHoldUuencoded(Buffer.from('we begin 644 times'))).toBe(false);
  });

  test('are attachments of the message', async () => {
    const message = await parseMessage(Buffer.from(`Subject: x\n\nbefore\n${cat}after\n`));
    expect(message.text).toBe('before\nafter\n');
    expect(message.attachments).toMatchObject([
      { filename: 'cat.txt', contentType: 'application/octet-stream', size: 3, within: 'uuencode' },
    ]);
  });

  test('a part that is encoded as a whole', async () => {
    const message = await parseMessage(
      Buffer.from(`Content-Type: image/gif; name=a.gif\nContent-Transfer-Encoding: x-uuencode\n\n${cat}`),
    );
    expect(message.attachments).toMatchObject([{ filename: 'a.gif', size: 3 }]);
  });
});
