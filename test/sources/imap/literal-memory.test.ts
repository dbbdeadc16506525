import { expect, test } from 'vitest';
import { LiteralMemory } from '../../../src/sources/imap/literal-memory.ts';

const sizes = (literals: readonly { readonly bytes: Buffer }[]) => literals.map(({ bytes }) => bytes.length);

test('memory that small literals share is freed when all of them were released and nothing more comes into it', () => {
  const memory = new LiteralMemory();
  const first = Array.from({ length: 4 }, () => memory.take(60_000));
  expect(new Set(first.map(({ bytes }) => bytes.buffer)).size).toBe(1);
  for (const literal of first.slice(1)) literal.release();
  const next = memory.take(60_000); // there is no room for it beside the others
  expect(next.bytes.buffer).not.toBe(first[0]!.bytes.buffer);
  expect(sizes(first)).toEqual([60_000, 60_000, 60_000, 60_000]);
  first[0]!.release();
  expect(sizes([...first, next])).toEqual([0, 0, 0, 0, 60_000]);
});

test('nothing of it stays when all were released', () => {
  const memory = new LiteralMemory();
  const early = Array.from({ length: 3 }, () => memory.take(60_000));
  for (const literal of early) literal.release();
  expect(sizes(early)).toEqual([0, 0, 0]);
  const late = [memory.take(60_000), memory.take(0)];
  expect(sizes([...early, ...late])).toEqual([0, 0, 0, 60_000, 0]);
});

test('a large literal has its own', () => {
  const memory = new LiteralMemory();
  const [small, large] = [memory.take(10), memory.take(300_000)];
  expect(large.bytes.buffer).not.toBe(small.bytes.buffer);
  large.release();
  expect(sizes([small, large])).toEqual([10, 0]);
});

test('who releases twice frees nothing of others', () => {
  const memory = new LiteralMemory();
  const [one, other] = [memory.take(60_000), memory.take(60_000)];
  one.release();
  one.release();
  for (const literal of [memory.take(60_000), memory.take(60_000)]) literal.release();
  memory.take(60_000); // does not lie beside them
  expect(sizes([one, other])).toEqual([60_000, 60_000]);
  other.release();
  expect(sizes([one, other])).toEqual([0, 0]);
});

test('a literal without bytes is one', () => expect(sizes([new LiteralMemory().take(0)])).toEqual([0]));
