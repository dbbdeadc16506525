// usage: npm run conformance -- [--data DIR] [--set NAME]…
// Prints a JSON line a set; exits 0 when every set reaches its target, 1 when one does not, 2 on wrong usage.
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type CaseResult, type ConformanceSet, reaches, score } from './score.ts';
import { sets } from './sets.ts';

const usage = `usage: npm run conformance -- [--data DIR] [--set NAME]…

  --data DIR  the public conformance data (../shared/data)
  --set NAME  one of ${sets.map((set) => set.name).join(', ')}; all of them unless it is given
`;

function fail(text: string): never {
  process.stderr.write(text);
  process.exit(2);
}

function readArguments() {
  try {
    const options = { data: { type: 'string' }, set: { type: 'string', multiple: true } } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : error}\n\n${usage}`);
  }
}

const values = readArguments();
const data = path.resolve(values.data ?? path.join(import.meta.dirname, '../../../shared/data'));
const unknown = (values.set ?? []).filter((name) => !sets.some((set) => set.name === name));
if (unknown.length > 0) fail(`unknown set: ${unknown.join(', ')}\n\n${usage}`);
if (!fs.existsSync(data)) fail(`there is no data in ${data}; name its folder with --data\n`);

/** The cases of a set; none, which reaches no target, when the data lacks its folder. */
async function runSet(set: ConformanceSet): Promise<readonly CaseResult[]> {
  try {
    return await set.run(data);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    process.stderr.write(`${set.name}: ${error.message}\n`);
    return [];
  }
}

let reached = true;
for (const set of sets) {
  if (values.set !== undefined && !values.set.includes(set.name)) continue;
  const cases = await runSet(set);
  process.stdout.write(`${JSON.stringify(score(set.name, cases))}\n`);
  if (!reaches(set.target, cases)) reached = false;
}
process.exitCode = reached ? 0 : 1;
