import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { reconcileSource } from '../pipeline/reconcile.ts';
import type { Revision } from '../pipeline/revision.ts';
import { createSource } from '../sources/registry.ts';
import { Database } from '../store/database.ts';
import { assignUids } from '../store/file-uids.ts';
import { accountId } from '../store/names.ts';
import type { Command, CommandIo } from './command.ts';
import { secretFiles } from './secret-files.ts';

const usage = `usage: mailmill reconcile --revision FILE [--json]

Asks the mailbox what it holds (UID SEARCH ALL) and compares with what the store has recorded for a pipeline. Ends with 0 when they agree: every
message is recorded, excluded by \`since\`, or gone. Ends with 1 when a message is missing or not finished yet. Changes nothing.

  --revision FILE   the pipeline's revision (in a worker's pod: /etc/mailmill/revision.json)
  --json            one JSON line a folder

example: kubectl exec deploy/my-pipeline -- node /app/src/mailmill.mjs reconcile --revision /etc/mailmill/revision.json`;

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { revision: { type: 'string' }, json: { type: 'boolean' } },
  });
  if (values.revision === undefined) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const revision = JSON.parse(await readFile(values.revision, 'utf8')) as Revision; // written by our own compiler
  const secret = secretFiles(io.env.MAILMILL_SECRETS ?? '/var/run/mailmill/secrets');
  const database = new Database({
    uri: await secret(revision.storeRef.name, revision.storeRef.key),
    max: 1,
    applicationName: 'mailmill-reconcile',
  });
  let agrees = true;
  try {
    for (const spec of revision.sources) {
      const source = await createSource(spec, {
        namespace: revision.namespace,
        secret,
        maildirPath: (name) => `${io.env.MAILMILL_MAILDIRS ?? '/var/lib/mailmill/maildir'}/${name}`,
        clock: () => Date.now(),
        uids: {
          assign: async (name, account, folder, keys) =>
            assignUids(database, await accountId(database, revision.namespace, name, account), folder, keys),
        },
      });
      for (const report of await reconcileSource(database, revision, source, io.signal)) {
        if (report.missing > 0 || report.unfinished > 0) agrees = false;
        if (values.json) io.stdout.write(`${JSON.stringify(report)}\n`);
        else
          io.stdout.write(
            `${report.source} ${report.folder}: ${report.listed} listed, ${report.recorded} recorded, ${report.excluded} excluded by since, ${report.unfinished} not finished, ${report.missing} missing${report.missing > 0 ? ` (UIDs ${report.missingUids.join(', ')})` : ''}; so far ${report.dropped} dropped, ${report.dead} dead, ${report.known} known, ${report.vanished} gone before they were read\n`,
          );
      }
    }
  } finally {
    await database.close();
  }
  return agrees ? 0 : 1;
}

export const command: Command = {
  name: 'reconcile',
  summary: 'compare a mailbox with what was recorded of it',
  usage,
  run,
};
