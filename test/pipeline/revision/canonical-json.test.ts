import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../../src/pipeline/revision/canonical-json.ts';

describe('canonicalJson', () => {
  it('sorts keys at every level and keeps the order of lists', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }, 'x'], a: { z: null, y: true } })).toBe(
      '{"a":{"y":true,"z":null},"b":[{"c":2,"d":1},"x"]}',
    );
  });

  it('sorts by UTF-16 units, as RFC 8785 has it', () => {
    const sorted = canonicalJson({
      '\u20ac': 1,
      '\r': 2,
      '\ufb33': 3,
      '1': 4,
      '\ud83d\ude00': 5,
      '\u0080': 6,
      '\u00f6': 7,
    });
    expect(Object.values(JSON.parse(sorted) as object)).toEqual(
      [4, 2, 6, 7, 1, 5, 3].sort((a, b) => (a === 4 ? -1 : b === 4 ? 1 : 0)),
    );
    expect(sorted.indexOf('\ud83d\ude00')).toBeLessThan(sorted.indexOf('\ufb33'));
  });

  it('leaves out what is undefined and keeps a key named __proto__', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
    expect(canonicalJson(JSON.parse('{"__proto__": 1}'))).toBe('{"__proto__":1}');
  });

  it.each([[Number.NaN], [1n], [() => 1], [new Date(0)], [new Map()], [undefined]])(
    'refuses what is no JSON: %s',
    (value) => {
      expect(() => canonicalJson(value)).toThrow(TypeError);
    },
  );
});
