import fs from 'node:fs';
import path from 'node:path';

/** One field of a case that is not as recorded. */
export interface Failure {
  readonly file: string;
  readonly field: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** What a set says about its cases: a line of `npm run conformance`. */
export interface SetResult {
  readonly set: string;
  readonly total: number;
  readonly passed: number;
  readonly failed: readonly Failure[];
}

/** One case: its file and what differs; none when it passes. */
export interface CaseResult {
  readonly file: string;
  readonly failures: readonly Omit<Failure, 'file'>[];
}

/** A group of public cases with the share that must pass. */
export interface ConformanceSet {
  readonly name: string;
  /** Share of the cases that must pass, 0 to 1; null when every case must be survived and the score is only reported. */
  readonly target: number | null;
  /** Runs every case under the data folder. */
  run(data: string): Promise<readonly CaseResult[]> | readonly CaseResult[];
}

/** Most failures of a set that are printed. */
const printed = 20;

/** Sums the cases of a set up; the first failures are kept. */
export function score(set: string, cases: readonly CaseResult[]): SetResult {
  const broken = cases.filter(({ failures }) => failures.length > 0);
  const failed = broken.flatMap(({ file, failures }) => failures.map((failure) => ({ file, ...failure })));
  return { set, total: cases.length, passed: cases.length - broken.length, failed: failed.slice(0, printed) };
}

/** Whether a set is as good as it must be: no case without an answer, and enough that pass. One without cases never is. */
export function reaches(target: number | null, cases: readonly CaseResult[]): boolean {
  if (target === null)
    return cases.length > 0 && cases.every(({ failures }) => failures.every((one) => one.field !== 'error'));
  return cases.length > 0 && cases.filter(({ failures }) => failures.length === 0).length / cases.length >= target;
}

/** The recorded cases of a folder: `files` of its `expected.json`. */
export function readExpected<T>(data: string, folder: string): readonly (readonly [string, T])[] {
  const file = path.join(data, folder, 'expected.json');
  const read: { readonly files: Readonly<Record<string, T>> } = JSON.parse(fs.readFileSync(file, 'utf8'));
  return Object.entries(read.files);
}

export const readCase = (data: string, folder: string, name: string): Buffer =>
  fs.readFileSync(path.join(data, folder, name));

/** What is thrown for one case becomes its failure; the others still run. */
export async function guarded(file: string, run: () => CaseResult | Promise<CaseResult>): Promise<CaseResult> {
  try {
    return await run();
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    return { file, failures: [{ field: 'error', expected: null, got }] };
  }
}
