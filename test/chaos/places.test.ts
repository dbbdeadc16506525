import { expect, test } from 'vitest';
import { Places } from './places.ts';

const rows = (it: Readonly<Record<string, number>>) => new Map(Object.entries(it));

test('a row for each place at rest, and no more than places were made', () => {
  const places = new Places();
  places.made('a', 'INBOX');
  places.made('b', 'INBOX');
  places.made('b', 'INBOX');
  expect(places.judge(rows({ a: 1, b: 2 }))).toEqual({ lost: [], doubled: [] });
  expect(places.judge(rows({ a: 2, b: 1 }))).toEqual({ lost: ['b'], doubled: ['a'] });
  expect(places.judge(rows({ a: 1, b: 2, c: 1 }))).toEqual({ lost: [], doubled: ['c'] });
});

test('what went before everything was read may or may not have a row, what went after must', () => {
  const places = new Places();
  places.made('a', 'INBOX');
  places.settle();
  places.made('b', 'INBOX');
  places.gone('a', 'INBOX');
  places.gone('b', 'INBOX');
  for (const b of [0, 1]) expect(places.judge(rows({ a: 1, b }))).toEqual({ lost: [], doubled: [] });
  expect(places.judge(rows({ b: 1 })).lost).toEqual(['a']);
});

test('a move may be read twice, a new UIDVALIDITY not', () => {
  const places = new Places();
  places.made('a', 'INBOX');
  places.gone('a', 'INBOX');
  places.made('a', 'Archive');
  for (const a of [1, 2]) expect(places.judge(rows({ a }))).toEqual({ lost: [], doubled: [] });
  expect(places.judge(rows({ a: 3 })).doubled).toEqual(['a']);
  expect(places.folderGone('Archive')).toEqual(['a']);
  places.again('a', 'Archive');
  expect(places.in('Archive')).toEqual(['a']);
  expect(places.judge(rows({ a: 3 })).doubled).toEqual(['a']);
});
