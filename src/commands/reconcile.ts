import { parseArgs } from 'node:util';
import { type FolderReport, reconcileSource } from '../pipeline/reconcile.ts';
import { createSource } from '../sources/registry.ts';
import { credentialStore } from '../store/credentials.ts';
import { Database } from '../store/database.ts';
import { uidAllocator } from '../store/file-uids.ts';
import type { Command, CommandIo } from './command.ts';
import { type Target, targetOptions, visitTargets } from './targets.ts';

const usage = `usage: mailmill reconcile DIR [--store URI] [--state DIR] [--secrets DIR] [--json]
       mailmill reconcile --revision FILE [--json]

Asks the mailbox what it holds (UID SEARCH ALL) and compares with what the store has recorded for each pipeline. Ends with 0 when they agree: every
message is recorded, excluded by \`since\`, or gone. Ends with 1 when a message is missing or not finished yet. Delivers and changes nothing.

  DIR               resources, as for \`mailmill run\`; with its --store, --state and --secrets
  --revision FILE   one pipeline's revision (in a worker's pod: /etc/mailmill/revision.json)
  --json            one JSON line a folder

example: kubectl exec deploy/my-pipeline -- node /app/src/mailmill.mjs reconcile --revision /etc/mailmill/revision.json`;

async function look(target: Target, signal: AbortSignal, tell: (report: FolderReport) => void): Promise<void> {
  const { revision, secret, maildirPath } = target;
  const database = new Database({ uri: target.storeUri, max: 1, applicationName: 'mailmill-reconcile' });
  try {
    for (const spec of revision.sources) {
      const source = await createSource(spec, {
        namespace: revision.namespace,
        secret,
        credentials: credentialStore(database, revision.namespace),
        database,
        maildirPath,
        clock: () => Date.now(),
        uids: uidAllocator(database, revision.namespace),
      });
      for (const report of await reconcileSource(database, revision, source, signal)) tell(report);
    }
  } finally {
    await database.close();
  }
}

function line(pipeline: string, report: FolderReport): string {
  const missing = report.missing > 0 ? ` (UIDs ${report.missingUids.join(', ')})` : '';
  const now = `${report.listed} listed, ${report.recorded} recorded, ${report.excluded} excluded by since, ${report.unfinished} not finished, ${report.missing} missing${missing}`;
  const before = `${report.dropped} dropped, ${report.dead} dead, ${report.known} known, ${report.vanished} gone before they were read`;
  return `${pipeline} ${report.source} ${report.folder}: ${now}; so far ${before}\n`;
}

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...targetOptions, json: { type: 'boolean' } },
  });
  const [directory, ...more] = positionals;
  if ((directory === undefined) === (values.revision === undefined) || more.length > 0) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  let agrees = true;
  const visit = (target: Target) =>
    look(target, io.signal, (report) => {
      if (report.missing > 0 || report.unfinished > 0) agrees = false;
      const { pipeline } = target.revision;
      io.stdout.write(values.json ? `${JSON.stringify({ pipeline, ...report })}\n` : line(pipeline, report));
    });
  return visitTargets('reconcile', directory, values, io, visit, () => (agrees ? 0 : 1));
}

export const command: Command = {
  name: 'reconcile',
  summary: 'compare a mailbox with what was recorded of it',
  usage,
  run,
};
