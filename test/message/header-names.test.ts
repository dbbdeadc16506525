import { expect, test } from 'vitest';
import { lowerName } from '../../src/message/header-names.ts';

/** The first and last letter, the middle one and the length say where a name is kept: these have all of them in common. */
const alike = ['X-Maila-One', 'X-Mbila-Ape', 'X-Mcila-Due', 'X-Mdila-Eve'];

test('names that are kept in one place do not take each other for one', () => {
  const [a, b] = alike;
  for (const name of [...alike, ...alike, a!, b!, a!, b!, ...alike])
    expect(lowerName(Buffer.from(`\n${name}: x`), 1, 1 + name.length)).toBe(name.toLowerCase());
  expect(lowerName(Buffer.from('X-MAILA-ONE'), 0, 11)).toBe('x-maila-one');
  expect(lowerName(Buffer.from('X'.repeat(200)), 0, 200)).toBe('x'.repeat(200));
});
