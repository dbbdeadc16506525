import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import type { RunPlan } from '../api/run-plan.ts';
import type { RunResult } from '../api/worker-status.ts';
import type { Revision } from '../pipeline/revision/revision.ts';
import type { PreflightOptions } from '../pipeline/runs/preflight.ts';
import type { RunnerMode } from '../pipeline/worker/runner-mode.ts';
import { Worker } from '../pipeline/worker/worker.ts';
import { asMailmillError, exitCodes, type MailmillError, stackOf, stalled } from '../telemetry/errors.ts';
import { createLogger } from '../telemetry/log.ts';
import { Phases } from '../telemetry/phases.ts';
import { collectProcessMetrics, Registry } from '../telemetry/prometheus.ts';
import type { Command, CommandIo } from './command.ts';
import { placeOf, secretsDirectory } from './place.ts';
import { secretFiles } from './secret-files.ts';

const usage = `usage: mailmill worker --revision FILE [--pod] [--once --run NAME [--spec-hash HASH] [--spec JSON [--diff FILE]] | --check | --preflight JSON | --reconcile NAME]

Runs one compiled revision of a pipeline; the operator starts it. Streams until it is told to end.

  --revision FILE    revision as JSON (the operator's ConfigMap); may be given several times
  --pod              of a pod: named as its host is, and served on all its addresses
  --once             end when everything is caught up; needs --run
  --run NAME         name of the run in the store
  --spec-hash HASH   hash of the EmailPipelineRun, for runs on demand
  --spec JSON        what the run does: the spec of an EmailPipelineRun without its pipeline, such as '{"load":"Full"}'
  --diff FILE        where a dry run writes what would change, with values, one JSON object a line
  --check            log in, check store and sinks, end
  --preflight JSON   compare what this revision and the one that runs make of the newest mail, deliver nothing, end:
                     '{"messages":100,"maxErrorRate":0.01,"baseline":"HASH"}'
  --reconcile NAME   compare the mailboxes with what the store has recorded, keep what was found under this name, deliver nothing, end

Environment: MAILMILL_SECRETS (directory of <secret>/<key> files), MAILMILL_HTTP_HOST, MAILMILL_HTTP_PORT,
MAILMILL_STATUS_TOKEN_SHA256, MAILMILL_WORKER, MAILMILL_TERMINATION_LOG, MAILMILL_BUDGET_BYTES, MAILMILL_GRACE_SECONDS, MAILMILL_LOG_LEVEL.`;

async function readRevision(file: string): Promise<Revision> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Revision; // written by the operator's own compiler
  } catch (error) {
    throw stalled('REVISION_UNREADABLE', `${file} is not a revision; it is the ConfigMap that the operator makes`, {
      cause: error,
    });
  }
}

const terminationBytes = 2048;

/** What there is room for: of a dry run the documents that it names come last. */
function terminationText(result: RunResult): string {
  for (let { diff } = result; ; diff = diff && { ...diff, keys: diff.keys.slice(0, -1) }) {
    const text = JSON.stringify({ ...result, ...(diff && { diff }) });
    if (Buffer.byteLength(text) <= terminationBytes || !diff || diff.keys.length === 0)
      return text.slice(0, terminationBytes);
  }
}

async function terminationMessage(io: CommandIo, result: RunResult): Promise<void> {
  const text = terminationText(result);
  try {
    await writeFile(io.env.MAILMILL_TERMINATION_LOG ?? '/dev/termination-log', text);
  } catch {
    io.stdout.write(`${text}\n`); // not in a pod, or the file is not writable: the log has it
  }
}

/** What a run does. Throws Stalled `RUN_SPEC_INVALID`. */
async function readPlan(text: string): Promise<RunPlan> {
  const [{ planOf }, { runWorkOf }] = await Promise.all([
    import('../api/run-plan.ts'),
    import('../api/read-run-work.ts'),
  ]);
  const read = runWorkOf(text);
  if ('problem' in read) throw stalled('RUN_SPEC_INVALID', `--spec: ${read.problem}`);
  return planOf(read.work);
}

/** Tells what a dry run finds, a line a change: to the log without values, and whole to a file. */
const changes = (io: CommandIo, file: Writable | undefined) => (change: object) => {
  const { before: _before, after: _after, ...told } = change as { before?: unknown; after?: unknown };
  io.stdout.write(`${JSON.stringify({ diff: told })}\n`);
  file?.write(`${JSON.stringify(change)}\n`);
};

const nameOf = (mode: RunnerMode) =>
  mode.kind === 'once' ? mode.run : mode.kind === 'reconcile' ? mode.name : mode.kind;

function failedRun(mode: RunnerMode, revision: string, error: MailmillError): RunResult {
  const now = new Date().toISOString();
  return {
    name: nameOf(mode),
    specHash: mode.kind === 'once' ? mode.specHash : '',
    revision,
    state: 'Failed',
    startedAt: now,
    finishedAt: now,
    read: 0,
    delivered: 0,
    dropped: 0,
    dead: 0,
    family: error.family,
    code: error.code,
    message: error.message.slice(0, 1024),
  };
}

/** What needs a person, or was cut short, is no success; what was found missing is none the less. */
const reconcileCode = (result: RunResult | undefined) =>
  result && !result.family ? 0 : exitCodes[result?.family ?? 'Transient'];

/** Times for benchmarks, in milliseconds since the epoch; `phases` since the start of the process. */
function benchTimes({ reached }: Phases, lastCommit: number | undefined) {
  const started = performance.timeOrigin;
  const firstFetch = reached.fetch === undefined ? undefined : started + reached.fetch;
  const { user, system } = process.cpuUsage();
  return { started, phases: reached, firstFetch, lastCommit, cpu: (user + system) / 1000 };
}

export const command: Command = {
  name: 'worker',
  summary: 'run one revision of a pipeline (the operator starts it)',
  usage,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: {
        revision: { type: 'string', multiple: true },
        pod: { type: 'boolean' },
        once: { type: 'boolean' },
        run: { type: 'string' },
        'spec-hash': { type: 'string' },
        spec: { type: 'string' },
        diff: { type: 'string' },
        check: { type: 'boolean' },
        preflight: { type: 'string' },
        reconcile: { type: 'string' },
      },
    });
    if (!values.revision || (values.once && !values.run) || (values.spec !== undefined && !values.once)) {
      io.stderr.write(`${usage}\n`);
      return 2;
    }
    const revisions = await Promise.all(values.revision.map(readRevision));
    const first = revisions[0]!;
    const diff = values.diff === undefined ? undefined : createWriteStream(values.diff, { mode: 0o600 });
    const mode: RunnerMode = values.check
      ? { kind: 'check' }
      : values.preflight !== undefined
        ? // Written by the operator.
          { kind: 'preflight', options: JSON.parse(values.preflight) as PreflightOptions }
        : values.reconcile !== undefined
          ? { kind: 'reconcile', name: values.reconcile }
          : values.once
            ? {
                ...{ kind: 'once', run: values.run!, specHash: values['spec-hash'] ?? '' },
                ...(values.spec !== undefined && { plan: await readPlan(values.spec), onChange: changes(io, diff) }),
              }
            : { kind: 'stream' };
    const logger = createLogger({ stream: io.stdout, level: io.env.MAILMILL_LOG_LEVEL === 'debug' ? 'debug' : 'info' });
    const { namespace, pipeline, hash: revision } = first;
    const log = revisions.length === 1 ? logger.with({ namespace, pipeline, revision }) : logger;
    const registry = new Registry();
    const phases = new Phases();
    phases.reach('modules');
    const secret = secretFiles(secretsDirectory(io.env));
    const { name, http } = placeOf(io.env, values.pod);
    try {
      const worker = new Worker({
        revisions,
        mode,
        name,
        storeUri: await secret(first.storeRef.name, first.storeRef.key),
        secret,
        maildirPath: (source) => `${io.env.MAILMILL_MAILDIRS ?? '/var/lib/mailmill/maildir'}/${source}`,
        http,
        registry,
        processMetrics: () => collectProcessMetrics(registry),
        phases,
        log,
        clock: () => new Date(),
        budgetBytes: Number(io.env.MAILMILL_BUDGET_BYTES ?? 64 * 2 ** 20),
        storeConnections: 1,
        graceMs: Number(io.env.MAILMILL_GRACE_SECONDS ?? 45) * 1000,
      });
      log.info('worker started', { mode: mode.kind });
      await worker.run(io.signal);
      const result = worker.results[0];
      if (result) await terminationMessage(io, result);
      if (io.env.MAILMILL_BENCH_TIMES)
        await writeFile(io.env.MAILMILL_BENCH_TIMES, JSON.stringify(benchTimes(phases, worker.lastCommit)));
      log.info('worker ended', {
        read: result?.read,
        delivered: result?.delivered,
        dropped: result?.dropped,
        dead: result?.dead,
        ...result?.reconcile,
      });
      if (mode.kind === 'reconcile') return reconcileCode(result);
      const unfinished = !result || result.state === 'Cancelled' || result.state === 'Running';
      return mode.kind === 'once' && unfinished && io.signal.aborted ? exitCodes.Transient : 0;
    } catch (thrown) {
      const error = asMailmillError(thrown);
      log.error(error.message, {
        code: error.code,
        family: error.family,
        ...stackOf(error),
      });
      await terminationMessage(io, failedRun(mode, first.hash, error));
      return exitCodes[error.family];
    } finally {
      diff?.end();
    }
  },
};
