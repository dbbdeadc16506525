// usage: node test/run.mjs SUITE…    (static, unit, thorough, integration, crash, cluster, gitops or all)
// Runs test suites, installs what they need where it can (root on Debian), and ends with the line `N passed, N failed`.
import { installs, prepare } from './static/machine.ts';
import { suites } from './static/suites.ts';
import { add, failure, nothing } from './static/tally.ts';

const wanted = process.argv.slice(2);
const names = suites.map((suite) => suite.name);
const unknown = wanted.filter((name) => name !== 'all' && !names.includes(name));
if (wanted.length === 0 || unknown.length > 0) {
  process.stderr.write(`usage: node test/run.mjs SUITE…\nsuites: ${names.join(', ')}, all\n`);
  process.exit(2);
}

/** Where everything can run, everything must: what is skipped there counts as failed. */
const complete = installs || process.env.CI === 'true';
const stop = new AbortController();
for (const event of ['SIGINT', 'SIGTERM']) process.on(event, () => stop.abort(new Error(`stopped by ${event}`)));
const log = (line) => process.stdout.write(`${line}\n`);

async function runSuite(suite) {
  const missing = await prepare(suite.needs, log);
  if (missing.length > 0) {
    const line = `suite ${suite.name} was left out: ${missing.join('; ')}`;
    return complete ? failure(line) : { ...nothing, skipped: [line] };
  }
  return suite.run({ log, signal: stop.signal });
}

let sum = nothing;
for (const suite of suites) {
  if (!wanted.includes('all') && !wanted.includes(suite.name)) continue;
  if (stop.signal.aborted) break;
  log(`\n── ${suite.name} ──`);
  const started = Date.now();
  let result;
  try {
    result = await runSuite(suite);
  } catch (error) {
    result = failure(`suite ${suite.name} broke: ${error instanceof Error ? error.message : error}`);
  }
  sum = add(sum, result);
  log(
    `${suite.name}: ${result.passed} passed, ${result.failed} failed, ${Math.round((Date.now() - started) / 1000)} s`,
  );
}
if (stop.signal.aborted) sum = add(sum, failure('stopped before the end'));

if (sum.failures.length > 0) log(`\nFailed:\n${sum.failures.map((line) => `  ${line}`).join('\n')}`);
if (sum.skipped.length > 0) log(`\nDid not run:\n${sum.skipped.map((line) => `  ${line}`).join('\n')}`);
const failed = sum.failed + (complete ? sum.skipped.length : 0);
process.exitCode = failed > 0 || sum.passed === 0 ? 1 : 0;
log(`\n${sum.passed} passed, ${failed} failed`);
