import { describe, expect, test } from 'vitest';
import { ValueError, writeJson } from '../../../src/sinks/postgres/json.ts';
import { BinaryWriter } from '../../../src/store/wire/binary-writer.ts';

function toJson(value: unknown): string {
  const writer = new BinaryWriter(1);
  writeJson(writer, value);
  return writer.bytes().toString();
}

describe('writeJson', () => {
  test.each([
    ['plain text', 'a', '"a"'],
    ['text of any length with quotes', '"'.padEnd(100, 'x'), `"\\"${'x'.repeat(99)}"`],
    ['U+0000 in long text', '\0'.padEnd(100, 'ü'), `"\uFFFD${'ü'.repeat(99)}"`],
    ['quotes, backslashes and controls', '"\\\n\u0001', '"\\"\\\\\\n\\u0001"'],
    ['U+0000', 'a\0b', '"a\uFFFDb"'],
    ['a lone surrogate', 'a\ud800b', '"a\uFFFDb"'],
    ['a surrogate pair', '😀', '"😀"'],
    ['text that only looks like an escape', '\\u0000', '"\\\\u0000"'],
    ['a bigint beyond 64 bits', 2n ** 70n, '1180591620717411303424'],
    ['a number', 1.5, '1.5'],
    ['NaN', Number.NaN, '"NaN"'],
    ['infinity', -Infinity, '"-Infinity"'],
    ['null', null, 'null'],
    ['undefined in a list', [undefined, 1], '[null,1]'],
    ['undefined in an object', { a: undefined, b: 1 }, '{"b":1}'],
    ['a map', new Map([['x\0', ['1', '2']]]), '{"x\uFFFD":["1","2"]}'],
    ['a date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['bytes', new Uint8Array([1, 2, 3]), '"AQID"'],
    ['a set', new Set([1]), '[1]'],
    ['a value in a box', { valueOf: () => 7n }, '7'],
    ['a __proto__ key', JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
  ])('writes %s', (_, value, json) => {
    expect(toJson(value)).toBe(json);
  });

  test('agrees with JSON.stringify on every control character and on well-formed text', () => {
    const text = Array.from({ length: 0x2fff }, (_, i) => String.fromCharCode(i + 1)).join('');
    expect(toJson(text)).toBe(JSON.stringify(text));
  });

  test.each([
    ['an impossible date', new Date(Number.NaN)],
    ['a function', () => 1],
    ['something deep', JSON.parse('['.repeat(101) + ']'.repeat(101))],
  ])('refuses %s', (_, value) => {
    expect(() => toJson(value)).toThrow(ValueError);
  });
});
