import { readFileSync } from 'node:fs';

/** What became of the tests of a suite. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  /** Names of tests that did not run. */
  readonly skipped: readonly string[];
  /** One line for each failure. */
  readonly failures: readonly string[];
}

export const nothing: Tally = { passed: 0, failed: 0, skipped: [], failures: [] };

export const add = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: [...a.skipped, ...b.skipped],
  failures: [...a.failures, ...b.failures],
});

export const failure = (line: string): Tally => ({ ...nothing, failed: 1, failures: [line] });

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
  }[];
}

/**
 * Counts a JSON report of vitest. A file that failed without a failed test (it does not load, a hook threw) is one
 * failure, and so is a run without any test.
 */
export function tally(report: Report, root: string): Tally {
  let sum = nothing;
  for (const file of report.testResults) {
    const path = file.name.replace(root, '');
    let failedHere = 0;
    for (const { status, fullName } of file.assertionResults) {
      const name = `${path}: ${fullName}`;
      if (status === 'passed') sum = { ...sum, passed: sum.passed + 1 };
      else if (status === 'failed') {
        failedHere++;
        sum = add(sum, failure(name));
      } else sum = { ...sum, skipped: [...sum.skipped, name] };
    }
    if (file.status === 'failed' && failedHere === 0) {
      sum = add(sum, failure(`${path}: ${(file.message ?? 'it failed as a whole').split('\n')[0]}`));
    }
  }
  return sum.passed + sum.failed + sum.skipped.length === 0 ? failure('no test was found') : sum;
}

/** Counts the report file of a vitest run that ended with `code`; a run that left no report is a failure. */
export function tallyFile(file: string, code: number, root: string): Tally {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return failure(`vitest ended with exit code ${code} and wrote no report`);
  }
  const counted = tally(report, root);
  if (code !== 0 && counted.failed === 0) return add(counted, failure(`vitest ended with exit code ${code}`));
  return counted;
}
