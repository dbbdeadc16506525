import { describe, expect, test } from 'vitest';
import { Defects } from '../../src/message/defects.ts';
import { decodeFlowed } from '../../src/message/format-flowed.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { readContentInfo } from '../../src/message/smime/content-info.ts';
import { decompressRtf } from '../../src/message/tnef/compressed-rtf.ts';
import { readRtf } from '../../src/message/tnef/rtf.ts';
import { readTnef } from '../../src/message/tnef/tnef.ts';
import { takeUuencoded } from '../../src/message/uuencode.ts';
import { cpuMilliseconds } from '../support/cpu.ts';
import { attribute, file, properties, tnef, unicode } from './tnef/build.ts';

/** Everything that a message is asked for, or the code of the error. */
function parse(text: string): string {
  try {
    const { text: plain, attachments, defects } = parseMessage(Buffer.from(text, 'latin1'));
    return `${plain.length} ${attachments.length} ${defects.length}`;
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : 'other';
  }
}

const mixed = (boundary: string) => `Content-Type: multipart/mixed; boundary="${boundary}"\n\n`;
const text = (body: string) => `Content-Type: text/plain; format=flowed\n\n${body}`;
const binary = (content: Buffer) =>
  `Content-Type: application/ms-tnef\nContent-Transfer-Encoding: base64\n\n${content.toString('base64')}`;
const size = 1_000;

// A quadratic reader takes 64 times as long for eight times the input, a linear one eight times; garbage collection adds some.
describe('eight times the hostile input takes about eight times the time', () => {
  test.each<[string, (times: number) => () => unknown]>([
    ['headers without values', (n) => () => parse(`${'a:\n'.repeat(n * 40)}\n`)],
    ['boundaries', (n) => () => parse(`${mixed('b')}${'--b\n\nx\n'.repeat(n * 50)}`)],
    ['a chain of boundaries that are prefixes of each other', chained],
    ['lines that begin with a boundary', (n) => () => parse(`${mixed('=_part_1')}${'--=_part_1x y\n'.repeat(n * 40)}`)],
    ['parts whose boundary is another', (n) => () => parse(misnamed(n))],
    [
      'Content-Type again and again',
      (n) => () => parse(`${mixed('o')}--o\n${'Content-Type: multipart/x; boundary=b\n'.repeat(n * 8)}\n`),
    ],
    ['flowed lines', (n) => () => decodeFlowed('> a \n'.repeat(n * 80), true)],
    ['quote marks', (n) => () => decodeFlowed('>'.repeat(n * 1_000), false)],
    ['quote marks, deeper with each line', (n) => () => decodeFlowed(deeper(n * 2), false)],
    [
      'uuencoded files that break off',
      (n) => () => takeUuencoded(Buffer.from('begin 644 a\n#0V%T\nx\n'.repeat(n * 20)), new Defects()),
    ],
    ['uuencoded data without end', (n) => () => parse(text(`begin 644 a\n${'#0V%T\n'.repeat(n * 100)}`))],
    ['words that begin a file', (n) => () => parse(text('begin \n'.repeat(n * 40)))],
    ['empty uuencoded files', (n) => () => parse(text('begin 644 a\n`\nend\n'.repeat(n * 50)))],
    [
      'files in a winmail.dat',
      (n) => {
        const one = file('a', Buffer.alloc(0));
        const packed = binary(tnef(Buffer.concat(Array.from({ length: n * 20 }, () => one))));
        return () => parse(packed);
      },
    ],
    [
      'properties in a winmail.dat',
      (n) => {
        const one = unicode(0x1000, 'x');
        const bytes = tnef(attribute(1, 0x00069003, properties(...Array.from({ length: n * 5 }, () => one))));
        return () => readTnef(bytes);
      },
    ],
    ['groups of RTF', (n) => () => readRtf(Buffer.alloc(n * 60, '{\\b x}'))],
    ['RTF that changes its code page', (n) => () => readRtf(Buffer.alloc(n * 200, "\\'e9\\u233?"))],
    ['references in compressed RTF', (n) => () => decompressRtf(compressed(n * 100))],
    ['indefinite lengths', (n) => () => readContentInfo(Buffer.alloc(n * 200, Buffer.from([0x24, 0x80])))],
    ['PGP armour that is none', (n) => () => parse(text('-----BEGIN PGP MESSAGE----- x\n'.repeat(n * 50)))],
    [
      'HTML that declares charsets',
      (n) => () => parse(`Content-Type: text/html\n\n\xe9${'<meta charset'.repeat(n * 20)}`),
    ],
  ])('%s', { timeout: 60_000 }, (_, make) => {
    const once = make(size);
    const eight = make(size * 8);
    once();
    const ratio = cpuMilliseconds(eight, 2) / Math.max(cpuMilliseconds(once, 3), 3);
    expect(ratio).toBeLessThan(24);
  });

  function chained(times: number): () => unknown {
    let head = '';
    for (let i = 1; i <= 90; i++) head += `${mixed('abcdefgh'.padEnd(8 + i, 'x'))}--${'abcdefgh'.padEnd(8 + i, 'x')}\n`;
    return () => parse(`${head}\n${`--${'abcdefgh'.padEnd(60, 'x')}y\n`.repeat(times * 4)}`);
  }
  function misnamed(times: number): string {
    const part = `--o\n${mixed('i')}--j\nContent-Type: a/b\n\n${'x\n'.repeat(times)}\n`;
    return `${mixed('o')}${part.repeat(100)}`;
  }
  const deeper = (lines: number): string =>
    Array.from({ length: Math.floor(Math.sqrt(lines * 50)) }, (_, i) => `${'>'.repeat(i)} a \n`).join('');
  function compressed(length: number): Buffer {
    const bytes = Buffer.alloc(16 + length, 0xff);
    bytes.writeUInt32LE(0xffffffff, 4);
    bytes.writeUInt32LE(0x75465a4c, 8);
    return bytes;
  }
});

describe('what is packed stays within bounds', () => {
  test('a winmail.dat in each of a thousand parts', () => {
    const part = `--b\n${binary(tnef(file('a', Buffer.alloc(10))))}\n`;
    const message = parseMessage(Buffer.from(`${mixed('b')}${part.repeat(900)}`));
    expect(message.attachments).toHaveLength(1_000);
    expect(message.defects.map((one) => one.code)).toContain('UNPACK_LIMIT');
  });

  test('compressed RTF becomes at most nine times as long', () => {
    const bytes = Buffer.alloc(100_016, 0xff);
    bytes.writeUInt32LE(0xffffffff, 4);
    bytes.writeUInt32LE(0x75465a4c, 8);
    expect(decompressRtf(bytes)?.length).toBeLessThanOrEqual(bytes.length * 9);
  });

  test('what is packed and exceeds a limit is no reason to give the message up', () => {
    const inner = `${mixed('b')}${'--b\n\nx\n'.repeat(2_000)}`;
    const encoded = Buffer.from(inner).toString('base64');
    const raw = `Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n${encoded}`;
    expect(parse(raw)).toMatch(/^\d+ 0 \d$/);
  });
});
