import { describe, expect, it } from 'vitest';
import { flagsOf, folderOf, keyOf } from '../../../src/sources/maildir/names.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');

describe('keyOf', () => {
  it('is the name before the colon', () => expect(keyOf(latin1('1.2.host:2,S'))).toBe('1.2.host'));
  it('is the whole name without flags', () => expect(keyOf(latin1('1.2.host,S=5'))).toBe('1.2.host,S=5'));
  it('tells names apart that are not UTF-8', () => {
    expect(keyOf(latin1('a\xff'))).toBe('hex:61ff');
    expect(keyOf(latin1('a\xfe'))).not.toBe(keyOf(latin1('a\xff')));
  });
});

describe('flagsOf', () => {
  it('reads the letters', () =>
    expect(flagsOf(latin1('1:2,DFPRSTa'))).toEqual([
      '\\Draft',
      '\\Flagged',
      '$Forwarded',
      '\\Answered',
      '\\Seen',
      '\\Deleted',
    ]));
  it('has none in new', () => expect(flagsOf(latin1('1.host'))).toEqual([]));
  it('knows no experimental flags', () => expect(flagsOf(latin1('1:1,x'))).toEqual([]));
});

describe('folderOf', () => {
  const cases = [
    ['.Archive.2026', 'Archive/2026'],
    ['.Entw&APw-rfe', 'Entwürfe'],
    ['.R&-D', 'R&D'],
    ['.a&b', 'a&b'],
    ['cur', undefined],
    ['.', undefined],
    ['..', undefined],
  ] as const;
  for (const [directory, folder] of cases) {
    it(`${directory} is ${folder}`, () => expect(folderOf(Buffer.from(directory))).toBe(folder));
  }
});
