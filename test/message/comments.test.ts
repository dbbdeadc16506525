import { expect, test } from 'vitest';
import { behindComment, withoutComments } from '../../src/message/comments.ts';

test.each([
  ['a', 'a'],
  ['a(b)c', 'a c'],
  ['a (b (c) d) e (f)', 'a   e  '],
  ['(a\\)b) c', '  c'],
  // No comment begins or ends there.
  ['a\\(b (c)', 'a\\(b  '],
  ['a) (b)', 'a)  '],
  ['a (b', 'a  '],
  ['a (b (c)', 'a  '],
])('%s without comments', (text, expected) => {
  expect(withoutComments(text)).toBe(expected);
});

test.each([
  ['(a)b', 3],
  ['(a(b)c)d', 7],
  ['(a\\)b)c', 6],
  ['(a', -1],
  ['(a\\)', -1],
])('the comment at the beginning of %s ends before %i', (text, end) => {
  expect(behindComment(text, 0)).toBe(end);
});

test('of who writes no escapes, a comment ends behind a backslash', () => {
  expect(behindComment('(a\\)b', 0, false)).toBe(4);
});
