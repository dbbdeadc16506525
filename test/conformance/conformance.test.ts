import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { bounces, otherwise as bouncesOtherwise } from './bounces.ts';
import { mimeRecovery, otherwise } from './mime.ts';
import { type CaseResult, guarded, reaches, score } from './score.ts';
import { sets } from './sets.ts';

const data = path.resolve(import.meta.dirname, '../../../shared/data');
const present = fs.existsSync(data);

test('the conformance data is there where it must be', () => {
  expect(present || !process.env.CI, `${data} is missing`).toBe(true);
  if (!present) process.stderr.write(`left out: no conformance data in ${data}\n`);
});

describe.runIf(present)('public conformance data', () => {
  test.each(sets.map((set) => [set.name, set] as const))('%s reaches its target', async (name, set) => {
    const cases = await set.run(data);
    expect(reaches(set.target, cases), JSON.stringify(score(name, cases), null, 1)).toBe(true);
  });
});

describe.runIf(present)('mail that breaks an RFC', () => {
  test('is read as recorded or, for a named reason, otherwise', async () => {
    const cases = await mimeRecovery.run(data);
    const differing = cases.filter(({ failures }) => failures.length > 0).map(({ file }) => file);
    expect(differing.toSorted()).toEqual(Object.keys(otherwise).toSorted());
    // Whatever breaks in its parts.
    expect(cases.filter(({ failures }) => failures.some(({ field }) => field === 'subject'))).toEqual([]);
  });
});

describe.runIf(present)('bounces', () => {
  test('are read as labelled or, for a named reason, otherwise', async () => {
    const cases = await bounces.run(data);
    const differing = cases.filter(({ failures }) => failures.length > 0).map(({ file }) => file);
    expect(differing.toSorted()).toEqual(Object.keys(bouncesOtherwise).toSorted());
  });
});

describe('the score', () => {
  const passed: CaseResult = { file: 'a', failures: [] };
  const failed = (file: string, field = 'x'): CaseResult => ({ file, failures: [{ field, expected: 1, got: 2 }] });

  test('a case is a message with all its fields', () => {
    const two: CaseResult = { file: 'b', failures: [...failed('b').failures, ...failed('b', 'y').failures] };
    expect(score('set', [passed, two])).toEqual({
      set: 'set',
      total: 2,
      passed: 1,
      failed: [
        { file: 'b', field: 'x', expected: 1, got: 2 },
        { file: 'b', field: 'y', expected: 1, got: 2 },
      ],
    });
  });

  test('twenty failures are printed', () => {
    const many = Array.from({ length: 30 }, (_, i) => failed(`${i}`));
    expect(score('set', many)).toMatchObject({ total: 30, passed: 0 });
    expect(score('set', many).failed).toHaveLength(20);
  });

  test('targets', () => {
    expect(reaches(0.5, [passed, failed('b')])).toBe(true);
    expect(reaches(0.51, [passed, failed('b')])).toBe(false);
    expect(reaches(0, [])).toBe(false);
    expect(reaches(null, [passed, failed('b')])).toBe(true);
    expect(reaches(null, [passed, failed('b', 'error')])).toBe(false);
  });

  test('what breaks is a failure of its case', async () => {
    const broken = await guarded('a', () => {
      throw new Error('no');
    });
    expect(broken).toEqual({ file: 'a', failures: [{ field: 'error', expected: null, got: 'no' }] });
  });
});
