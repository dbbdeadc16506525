import { withCarriageReturns } from '../../src/message/authentication/line-ends.ts';
import { verifySignatures } from '../../src/message/authentication/live.ts';
import { type CaseResult, type ConformanceSet, guarded, readCase, readExpected } from './score.ts';
import { lookupsOf } from './zones.ts';

interface Expected {
  readonly signatures: readonly { readonly algorithm: string; readonly result: string }[];
  readonly verifyAt: string;
  readonly zone: Readonly<Record<string, { readonly TXT: readonly (readonly string[])[] }>>;
}

const folder = 'auth/dkim';

async function run(file: string, raw: Buffer, { signatures, verifyAt, zone }: Expected): Promise<CaseResult> {
  // A key that is written over several entries of the file is one record.
  const lookups = lookupsOf(
    Object.entries(zone).flatMap(([name, { TXT }]) => TXT.map((record) => [name, 'TXT', record] as const)),
  );
  const { signal } = new AbortController();
  const { results } = await verifySignatures(withCarriageReturns(raw), new Date(verifyAt), lookups, signal);
  const got = results.map(({ algo, status }) => ({ algorithm: algo, result: status.result }));
  const same = JSON.stringify(got) === JSON.stringify(signatures);
  return { file, failures: same ? [] : [{ field: 'signatures', expected: signatures, got }] };
}

/** DKIM: signed messages of RFC 8463. */
export const dkim: ConformanceSet = {
  name: 'dkim',
  target: 1,
  run: (data) =>
    Promise.all(
      readExpected<Expected>(data, folder).map(([file, expected]) =>
        guarded(file, () => run(file, readCase(data, folder, file), expected)),
      ),
    ),
};
