import { hostname } from 'node:os';
import { parseArgs } from 'node:util';
import type { ReconcileCounts } from '../api/worker-status.ts';
import type { FolderReport } from '../pipeline/reconcile/compare.ts';
import { Worker } from '../pipeline/worker/worker.ts';
import { Database } from '../store/database.ts';
import { type KeptReconcile, lastReconcile } from '../store/reconciles.ts';
import { exitCodes } from '../telemetry/errors.ts';
import { Registry } from '../telemetry/prometheus.ts';
import type { Command, CommandIo } from './command.ts';
import { noticeLogger } from './run/notices.ts';
import { type Target, targetOptions, visitTargets } from './targets.ts';

const usage = `usage: mailmill reconcile DIR [--last] [--store URI] [--state DIR] [--secrets DIR] [--json]
       mailmill reconcile --revision FILE [--last] [--json]

Asks the mailbox what it holds (UID SEARCH ALL) and compares with what the store has recorded for each pipeline. Ends with 0 when they agree: every
message is recorded, excluded by \`since\`, or gone. Ends with 1 when a message is missing or not finished yet, with 75, 76 or 78 when an account
could not be read. Delivers nothing, and needs one connection to each account, out of those that the account may have. The store keeps what was found.

  DIR               resources, as for \`mailmill run\`; with its --store, --state and --secrets
  --revision FILE   one pipeline's revision (in a worker's pod: /etc/mailmill/revision.json)
  --last            asks no mailbox: shows what was found the last time, by schedule (spec.reconcile) or by hand
  --json            one JSON line a folder; with --last one a pipeline

example: kubectl exec deploy/my-pipeline -- node /app/src/mailmill.mjs reconcile --revision /etc/mailmill/revision.json`;

const graceMs = 20_000;
/** Of raw mail, of which none is read. */
const budgetBytes = 2 ** 20;

interface Outcome {
  agrees: boolean;
  /** Exit code of what kept an account, or everything, from being read. */
  failed: number | undefined;
}

async function look(target: Target, io: CommandIo, json: boolean, outcome: Outcome): Promise<void> {
  const { revision, secret, maildirPath, storeUri } = target;
  const { pipeline } = revision;
  const onFolder = (report: FolderReport) => {
    if (report.missing > 0 || report.unfinished > 0) outcome.agrees = false;
    io.stdout.write(json ? `${JSON.stringify({ pipeline, ...report })}\n` : line(pipeline, report));
  };
  const worker = new Worker({
    ...{ revisions: [revision], storeUri, secret, maildirPath, graceMs, budgetBytes },
    mode: { kind: 'reconcile', name: `by-hand-${new Date().toISOString()}`, onFolder },
    name: `${hostname()}-${process.pid}`,
    http: undefined,
    registry: new Registry(),
    log: noticeLogger((text) => io.stderr.write(`${text}\n`), Date.now),
    clock: () => new Date(),
    storeConnections: 1,
  });
  await worker.run(io.signal);
  const [result] = worker.results;
  if (result?.family) {
    io.stderr.write(`mailmill reconcile: ${pipeline}: ${result.message} [${result.code}]\n`);
    outcome.failed = exitCodes[result.family];
  } else if (!result) outcome.failed = exitCodes.Transient;
}

/** Shows what was found the last time. */
async function tellLast(target: Target, io: CommandIo, json: boolean, outcome: Outcome): Promise<void> {
  const { namespace, pipeline } = target.revision;
  const database = new Database({ uri: target.storeUri, max: 1, applicationName: 'mailmill-reconcile' });
  try {
    const last = await lastReconcile(database, namespace, pipeline);
    if (!last || last.found.missing > 0 || last.found.unfinished > 0) outcome.agrees = false;
    if (last?.error) outcome.failed = exitCodes[last.error.family];
    io.stdout.write(json ? `${JSON.stringify({ pipeline, ...(last && plain(last)) })}\n` : lastLines(pipeline, last));
  } finally {
    await database.close();
  }
}

/** Numbers of the store that JSON can hold; accounts by number, never by address. */
const plain = ({ folders, ...last }: KeptReconcile) => ({
  ...last,
  folders: folders.map(({ accountId, account: _, ...folder }) => ({ account: Number(accountId), ...folder })),
});

const counts = ({ listed, recorded, excluded, unfinished, missing }: ReconcileCounts) =>
  `${listed} listed, ${recorded} recorded, ${excluded} excluded by since, ${unfinished} not finished, ${missing} missing`;

const uidsOf = (uids: readonly number[]) => (uids.length > 0 ? ` (UIDs ${uids.join(', ')})` : '');

function line(pipeline: string, report: FolderReport): string {
  const { source, folder, missingUids, dropped, dead, known, gone } = report;
  const before = `${dropped} dropped, ${known} known, ${gone} gone before they were read`;
  return `${pipeline} ${source} ${folder}: ${counts(report)}${uidsOf(missingUids)}; ${dead} dead; so far ${before}\n`;
}

/** The sum, what kept it from all accounts, and folders that do not agree. */
function lastLines(pipeline: string, last: KeptReconcile | undefined): string {
  if (!last)
    return `${pipeline}: was not compared yet; mailmill reconcile does, and spec.reconcile does it by schedule\n`;
  const { found, name, finishedAt, error, folders } = last;
  const read = `${found.accounts - found.unread} of ${found.accounts} accounts, ${found.folders} folders`;
  const fate = `${found.dead} dead, ${found.gone} gone before they were read`;
  const several = found.accounts > 1;
  return [
    `${pipeline}: ${finishedAt.toISOString()} (${name}): ${counts(found)}; ${fate}; ${read}`,
    ...(error ? [`  ${error.message} [${error.code}]`] : []),
    ...folders
      .filter(({ missing, unfinished }) => missing > 0 || unfinished > 0)
      .map(({ source, accountId, folder, missingUids, ...each }) => {
        const where = `${source}${several ? ` account ${accountId}` : ''} ${folder}`;
        return `  ${where}: ${counts(each)}${uidsOf(missingUids)}`;
      }),
  ]
    .map((text) => `${text}\n`)
    .join('');
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...targetOptions, json: { type: 'boolean' }, last: { type: 'boolean' } },
  });
  const [directory, ...more] = positionals;
  if ((directory === undefined) === (values.revision === undefined) || more.length > 0) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const outcome: Outcome = { agrees: true, failed: undefined };
  const tell = values.last ? tellLast : look;
  const visit = (target: Target) => tell(target, io, values.json ?? false, outcome);
  return visitTargets('reconcile', directory, values, io, visit, () => outcome.failed ?? (outcome.agrees ? 0 : 1));
}

export const command: Command = {
  name: 'reconcile',
  summary: 'compare a mailbox with what was recorded of it',
  usage,
  run,
};
