import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { add, failure, nothing, tally, tallyFile } from './tally.ts';

const file = (status: string, ...tests: readonly (readonly [string, string])[]) => ({
  name: '/repo/test/a.test.ts',
  status,
  message: status === 'failed' ? 'SyntaxError: unexpected\nmore' : '',
  assertionResults: tests.map(([state, fullName]) => ({ status: state, fullName })),
});

describe('what a report of vitest counts as', () => {
  test('passed and failed tests count one each, with their names', () => {
    const counted = tally(
      { testResults: [file('failed', ['passed', 'a'], ['failed', 'b'], ['passed', 'c'])] },
      '/repo/',
    );
    expect(counted).toEqual({ passed: 2, failed: 1, skipped: [], failures: ['test/a.test.ts: b'] });
  });

  test('skipped, pending and todo tests did not run', () => {
    const counted = tally(
      { testResults: [file('passed', ['passed', 'a'], ['skipped', 'b'], ['todo', 'c'])] },
      '/repo/',
    );
    expect(counted.skipped).toEqual(['test/a.test.ts: b', 'test/a.test.ts: c']);
    expect(counted).toMatchObject({ passed: 1, failed: 0 });
  });

  test('a file that does not load is a failure although no test of it failed', () => {
    const counted = tally({ testResults: [file('failed')] }, '/repo/');
    expect(counted).toMatchObject({ failed: 1, failures: ['test/a.test.ts: SyntaxError: unexpected'] });
  });

  test('a hook that failed after passed tests is a failure', () => {
    expect(tally({ testResults: [file('failed', ['passed', 'a'])] }, '/repo/')).toMatchObject({ passed: 1, failed: 1 });
  });

  test('a run without tests is a failure', () => {
    expect(tally({ testResults: [] }, '/repo/')).toMatchObject({ passed: 0, failed: 1 });
  });

  test('a run without a report, or one that ended badly after good tests, is a failure', () => {
    const directory = mkdtempSync(join(tmpdir(), 'mailmill-tally-'));
    try {
      const report = join(directory, 'report.json');
      expect(tallyFile(report, 139, '/repo/')).toMatchObject({ failed: 1 });
      writeFileSync(report, JSON.stringify({ testResults: [file('passed', ['passed', 'a'])] }));
      expect(tallyFile(report, 0, '/repo/')).toMatchObject({ passed: 1, failed: 0 });
      expect(tallyFile(report, 1, '/repo/')).toMatchObject({ passed: 1, failed: 1 });
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  test('tallies add up', () => {
    expect(add(add(nothing, failure('x')), failure('y'))).toEqual({
      passed: 0,
      failed: 2,
      skipped: [],
      failures: ['x', 'y'],
    });
  });
});
