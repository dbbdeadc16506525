import fs from 'node:fs';
import path from 'node:path';
import { withCarriageReturns } from '../../src/message/authentication/line-ends.ts';
import { checkChain, verifySignatures } from '../../src/message/authentication/live.ts';
import { type CaseResult, type ConformanceSet, guarded } from './score.ts';
import { lookupsOf } from './zones.ts';

interface ValidationTest {
  readonly message: string;
  readonly cv: string;
}

/** What a sealer made of a message. */
interface SigningTest {
  readonly message: string;
  readonly AS: string;
  readonly AMS: string;
  readonly AAR: string;
}

interface Scenario<T> {
  readonly tests: Readonly<Record<string, T>>;
  readonly 'txt-records'?: Readonly<Record<string, string>>;
}

/** After the signatures of the suite and before nothing in it expires. */
const verifyAt = new Date('2018-01-01T00:00:00Z');

async function chainStatus(message: string, records: Readonly<Record<string, string>>): Promise<string> {
  // A record of several lines is one of several strings.
  const entries = Object.entries(records).map(
    ([name, text]) => [name, 'TXT', text.split('\n').map((line) => line.trim())] as const,
  );
  const lookups = lookupsOf(entries);
  const { signal } = new AbortController();
  const verifier = await verifySignatures(withCarriageReturns(Buffer.from(message)), verifyAt, lookups, signal);
  return (await checkChain(verifier, lookups)).result;
}

const compared = (file: string, expected: string, got: string): CaseResult => ({
  file,
  failures: got === expected ? [] : [{ field: 'cv', expected, got }],
});

/** A tag list in the one form that the suite's sealer writes: a blank behind each semicolon and nowhere else. */
const standard = (tags: string): string => tags.replace(/\s+/g, '').replaceAll(';', '; ');

/** The message with the set that the suite's sealer made; a sealed chain must verify unless the seal says that it is broken. */
function sealed({ message, AS, AMS, AAR }: SigningTest) {
  const cv = /(?:^|;)\s*cv=([a-z]+)/.exec(AS)?.[1];
  const results = AAR.trim().replace(/\s+/g, ' ');
  const set = `ARC-Seal: ${standard(AS)}\nARC-Message-Signature: ${standard(AMS)}\nARC-Authentication-Results: ${results}\n`;
  return { message: `${set}${message}`, expected: cv === 'fail' ? 'fail' : 'pass' };
}

function read<T>(data: string, file: string): readonly Scenario<T>[] {
  const name = path.join(data, 'auth', 'arc', file);
  return fs.existsSync(name) ? (JSON.parse(fs.readFileSync(name, 'utf8')) as readonly Scenario<T>[]) : [];
}

function each<T>(
  scenarios: readonly Scenario<T>[],
  run: (name: string, test: T, records: Readonly<Record<string, string>>) => Promise<CaseResult>,
): readonly Promise<CaseResult>[] {
  return scenarios.flatMap(({ tests, 'txt-records': records = {} }) =>
    Object.entries(tests).map(([name, test]) => guarded(name, () => run(name, test, records))),
  );
}

/** ValiMail's suite: chains to validate, and sets that a sealer made, which must validate. */
export const arc: ConformanceSet = {
  name: 'arc',
  target: 1,
  run: (data) =>
    Promise.all([
      ...each(read<ValidationTest>(data, 'arc-draft-validation-tests.json'), async (name, { message, cv }, records) =>
        // Empty: the chain says itself that it is broken.
        compared(name, cv === '' ? 'fail' : cv.toLowerCase(), await chainStatus(message, records)),
      ),
      ...each(read<SigningTest>(data, 'arc-draft-sign-tests.json'), async (name, test, records) => {
        // The sealer had no reason to make a set.
        if (test.AS.trim() === '') return { file: `sign/${name}`, failures: [] };
        const { message, expected } = sealed(test);
        return compared(`sign/${name}`, expected, await chainStatus(message, records));
      }),
    ]),
};
