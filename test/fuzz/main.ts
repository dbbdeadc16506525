// usage: npm run fuzz -- [--target NAME]… [--seconds N] [--executions N] [--seed S]
// Fuzzes for a time, keeps what it finds below test/fuzz/findings, and prints one JSON line a target. Exits 0 when nothing
// was found, 1 when something was, 2 on wrong usage.
import { randomInt } from 'node:crypto';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { keep } from './findings.ts';
import { supervise } from './supervise.ts';
import { targets } from './targets/registry.ts';

const usage = `usage: npm run fuzz -- [--target NAME]… [--seconds N] [--executions N] [--seed S]

  --target NAME    one of ${targets.map((target) => target.name).join(', ')}; all of them unless it is given
  --seconds N      how long each target is fuzzed (60)
  --executions N   how many inputs each target gets at most
  --seed S         0 to 4294967295; the same seed gives the same inputs (by chance unless it is given)

MAILMILL_FUZZ_SHARED=1 mutates the public conformance data beside this checkout too.
`;

function fail(text: string): never {
  process.stderr.write(`${text}\n\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    const options = {
      target: { type: 'string', multiple: true },
      seconds: { type: 'string' },
      executions: { type: 'string' },
      seed: { type: 'string' },
    } as const;
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, text: string | undefined, otherwise: number, most: number): number {
  if (text === undefined) return otherwise;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value <= most ? value : fail(`--${name} must be a whole number up to ${most}`);
}

const values = readArguments();
const names = values.target ?? targets.map((target) => target.name);
const unknown = names.filter((name) => !targets.some((target) => target.name === name));
if (unknown.length > 0) fail(`unknown target: ${unknown.join(', ')}`);
const seconds = whole('seconds', values.seconds, 60, 1e6);
const executions = whole('executions', values.executions, 2 ** 31, 2 ** 31);
const seed = whole('seed', values.seed, randomInt(2 ** 32), 2 ** 32 - 1);

let found = false;
for (const target of targets) {
  if (!names.includes(target.name)) continue;
  process.stderr.write(`${target.name}: seed ${seed}\n`);
  const started = Date.now();
  const result = await supervise(target, {
    seed,
    executions,
    milliseconds: seconds * 1_000,
    onFinding: (one, fault, index) => {
      const file = path.relative(process.cwd(), keep(target.name, one, fault));
      process.stderr.write(`${target.name}: ${fault.kind} in execution ${index}, kept as ${file}\n  ${fault.detail}\n`);
    },
    onProgress: (count) => {
      const rate = Math.round(count / ((Date.now() - started) / 1_000));
      process.stderr.write(`${target.name}: ${count} executions, ${rate}/s\n`);
    },
  });
  const { crashes, divergences, slow } = result;
  if (crashes + divergences + slow > 0) found = true;
  const line = { name: 'fuzz', target: target.name, executions: result.executions, crashes, divergences, slow, seed };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
process.exitCode = found ? 1 : 0;
