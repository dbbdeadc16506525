import zlib from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { maxUnpacked, UnpackBudget } from '../../../src/message/files/budget.ts';
import { isPacked, peek, unpack } from '../../../src/message/files/unpack.ts';
import { gzipWithHeader, type ZipFile, zip } from './archives.ts';

const text = 'the content of a report, which says nothing';
const content = Buffer.from(text);
const file: ZipFile = { name: 'report.xml', content };

const files = (bytes: Buffer) =>
  unpack(bytes, new UnpackBudget().file(bytes.length)).map((each) => each.toString('latin1'));

function refusal(bytes: Buffer): string {
  try {
    return files(bytes).join('|');
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

describe('unpack', () => {
  test.each([
    ['plain bytes', content],
    ['nothing', Buffer.alloc(0)],
    ['gzip', zlib.gzipSync(content)],
    ['gzip with everything in its header', gzipWithHeader(content)],
    ['gzip with a newline behind', Buffer.concat([zlib.gzipSync(content), Buffer.from('\r\n')])],
    ['gzip with zeros behind', Buffer.concat([zlib.gzipSync(content), Buffer.alloc(100)])],
    ['gzip in pieces', Buffer.concat([zlib.gzipSync(content.subarray(0, 9)), zlib.gzipSync(content.subarray(9))])],
    ['gzip in gzip', zlib.gzipSync(zlib.gzipSync(content))],
    ['ZIP, deflated', zip([file])],
    ['ZIP, stored', zip([{ ...file, stored: true }])],
    ['ZIP with a comment', zip([file], 'made by hand')],
    ['ZIP with a newline behind', Buffer.concat([zip([file]), Buffer.from('\r\n')])],
    ['gzip in ZIP', zip([{ name: 'report.xml.gz', content: zlib.gzipSync(content) }])],
    [
      'ZIP with folders and what Apple adds',
      zip([
        { name: 'reports/', content: Buffer.alloc(0), stored: true },
        { name: '__MACOSX/._report.xml', content: Buffer.from('x') },
        { ...file, name: 'reports/report.xml' },
        { name: 'reports/.DS_Store', content: Buffer.from('x') },
      ]),
    ],
  ])('%s', (name, bytes) => {
    expect(files(bytes)).toEqual([name === 'nothing' ? '' : text]);
    expect(isPacked(bytes)).toBe(name.includes('ZIP') || name.includes('gzip'));
  });

  test('all files of an archive', () => {
    expect(files(zip([file, { name: 'b', content: Buffer.from('b') }]))).toEqual([text, 'b']);
    expect(files(zip([]))).toEqual([]);
  });

  const broken = 'REPORT_ARCHIVE_BROKEN';
  const unsupported = 'REPORT_ARCHIVE_UNSUPPORTED';
  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    const index = at < 0 ? copy.length + at : at;
    copy[index] = (copy[index] ?? 0) ^ 1;
    return copy;
  };
  test.each([
    ['gzip cut', zlib.gzipSync(content).subarray(0, -10), broken],
    ['gzip cut in its trailer', zlib.gzipSync(content).subarray(0, -1), broken],
    ['gzip cut in its header', zlib.gzipSync(content).subarray(0, 5), broken],
    ['gzip with a name without end', Buffer.from('\x1f\x8b\x08\x08\0\0\0\0\0\0aaaa', 'latin1'), broken],
    ['gzip with a wrong checksum', flipped(zlib.gzipSync(content), -8), broken],
    ['gzip with a wrong length', flipped(zlib.gzipSync(content), -4), broken],
    ['gzip with a wrong stream', flipped(zlib.gzipSync(content), 10), broken],
    ['packed too often', zlib.gzipSync(zlib.gzipSync(zlib.gzipSync(content))), unsupported],
    ['ZIP cut', zip([file]).subarray(0, -30), broken],
    ['ZIP with a wrong checksum', zip([{ ...file, crc32: 1 }]), broken],
    ['ZIP with a wrong size', zip([{ ...file, size: 1 }]), broken],
    ['ZIP encrypted', zip([{ ...file, flags: 1 }]), unsupported],
    ['ZIP with another method', zip([{ ...file, method: 14 }]), unsupported],
    ['ZIP with two names for a file', zip([{ ...file, localName: 'evil00.exe' }]), broken],
    ['ZIP with a file twice', zip([file, { ...file, overlaps: true }]), broken],
    ['ZIP with many files', zip(Array.from({ length: 65 }, (_, i) => ({ ...file, name: `${i}` }))), unsupported],
    ['ZIP with a path upwards', zip([{ ...file, name: '../../etc/passwd' }]), unsupported],
    ['ZIP with an absolute path', zip([{ ...file, name: '/etc/passwd' }]), unsupported],
    ['ZIP with a path of Windows', zip([{ ...file, name: 'C:\\report.xml' }]), unsupported],
    ['ZIP with a path upwards of Windows', zip([{ ...file, name: 'a\\..\\..\\b' }]), unsupported],
    ['ZIP with a zero in a name', zip([{ ...file, name: 'a\0b' }]), unsupported],
  ])('%s is refused', (_, bytes, expected) => {
    expect(refusal(bytes)).toBe(expected);
  });

  describe('bombs', () => {
    const bomb = Buffer.alloc(100 * 2 ** 20);
    const packed = zlib.gzipSync(bomb);

    test('gzip, ZIP and both nested are refused before they are unpacked', { timeout: 5_000 }, () => {
      expect(packed.length).toBeLessThan(2 ** 20);
      expect(refusal(packed)).toBe('REPORT_TOO_LARGE');
      expect(refusal(zip([{ name: 'a', content: bomb }]))).toBe('REPORT_TOO_LARGE');
      expect(refusal(zlib.gzipSync(packed))).toBe('REPORT_TOO_LARGE');
      expect(refusal(zip([{ name: 'a.gz', content: packed }]))).toBe('REPORT_TOO_LARGE');
    });

    test('the ratio counts for all that one file holds', () => {
      const part = Buffer.alloc(60_000);
      const two = zip([
        { name: 'a', content: part },
        { name: 'b', content: part },
      ]);
      expect(two.length * 100).toBeLessThan(120_000);
      expect(refusal(two)).toBe('REPORT_TOO_LARGE');
      expect(refusal(zlib.gzipSync(Buffer.alloc(20_000)))).toBe('REPORT_TOO_LARGE');
    });

    test('the total counts for all files of a message', () => {
      const budget = new UnpackBudget();
      const bytes = 30 * 2 ** 20;
      budget.file(bytes).spend(bytes);
      budget.file(bytes).spend(bytes);
      expect(budget.file(bytes).left).toBe(maxUnpacked - 2 * bytes);
      expect(() => budget.file(bytes).spend(bytes)).toThrow(/64 MiB/);
      expect(budget.file(bytes).left).toBe(0);
    });

    test('looking at the beginning costs little', () => {
      expect(peek(packed.subarray(0, 4_096)).length).toBeLessThanOrEqual(4_096);
      expect(peek(zip([file])).toString()).toBe(text);
      expect(peek(zip([{ ...file, stored: true }]).subarray(0, 60)).toString()).toContain('the content');
      expect(peek(zlib.gzipSync(zlib.gzipSync(zlib.gzipSync(content))))).toHaveLength(0);
      expect(peek(Buffer.from('\x1f\x8bxxxxxxxxxxxx', 'latin1'))).toHaveLength(0);
    });
  });

  test('whatever is cut or flipped, it is unpacked or refused', { timeout: 20_000 }, () => {
    let seed = 1;
    const random = (n: number) => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
      return Math.floor((seed / 2 ** 32) * n);
    };
    const whole = [zip([file, { ...file, name: 'b', stored: true }], 'comment'), gzipWithHeader(content)];
    for (let i = 0; i < 4_000; i++) {
      const sample = whole[i % 2] ?? content;
      const bytes = Buffer.from(sample.subarray(0, random(4) === 0 ? random(sample.length) : sample.length));
      for (let j = random(4); j >= 0 && bytes.length > 0; j--) bytes[random(bytes.length)] = random(256);
      expect(refusal(bytes)).not.toMatch(/Error/);
      peek(bytes);
    }
  });
});
