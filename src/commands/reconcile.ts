import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type FolderReport, reconcileSource } from '../pipeline/reconcile.ts';
import type { Revision } from '../pipeline/revision.ts';
import { createSource } from '../sources/registry.ts';
import { Database } from '../store/database.ts';
import { assignUids } from '../store/file-uids.ts';
import { accountId } from '../store/names.ts';
import { asMailmillError, exitCodes } from '../telemetry/errors.ts';
import type { Command, CommandIo } from './command.ts';
import { defaultStateDirectory, startEmbeddedPostgres } from './run/embedded-postgres.ts';
import { LazyServer } from './run/lazy-server.ts';
import { loadProject } from './run/project.ts';
import { Secrets, storeUri } from './run/secrets.ts';
import { secretFiles } from './secret-files.ts';

const usage = `usage: mailmill reconcile DIR [--store URI] [--state DIR] [--secrets DIR] [--json]
       mailmill reconcile --revision FILE [--json]

Asks the mailbox what it holds (UID SEARCH ALL) and compares with what the store has recorded for each pipeline. Ends with 0 when they agree: every
message is recorded, excluded by \`since\`, or gone. Ends with 1 when a message is missing or not finished yet. Delivers and changes nothing.

  DIR               resources, as for \`mailmill run\`; with its --store, --state and --secrets
  --revision FILE   one pipeline's revision (in a worker's pod: /etc/mailmill/revision.json)
  --json            one JSON line a folder

example: kubectl exec deploy/my-pipeline -- node /app/src/mailmill.mjs reconcile --revision /etc/mailmill/revision.json`;

/** A pipeline to look at, and where its Secrets and mail are. */
interface Target {
  readonly revision: Revision;
  readonly storeUri: string;
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly maildirPath: (source: string) => string;
}

async function look(target: Target, signal: AbortSignal, tell: (report: FolderReport) => void): Promise<void> {
  const { revision, secret, maildirPath } = target;
  const database = new Database({ uri: target.storeUri, max: 1, applicationName: 'mailmill-reconcile' });
  try {
    for (const spec of revision.sources) {
      const source = await createSource(spec, {
        namespace: revision.namespace,
        secret,
        maildirPath,
        clock: () => Date.now(),
        uids: {
          assign: async (name, account, folder, keys) =>
            assignUids(database, await accountId(database, revision.namespace, name, account), folder, keys),
        },
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
    options: {
      revision: { type: 'string' },
      store: { type: 'string' },
      state: { type: 'string' },
      secrets: { type: 'string' },
      json: { type: 'boolean' },
    },
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
  if (values.revision !== undefined) {
    const revision = JSON.parse(await readFile(values.revision, 'utf8')) as Revision; // written by our own compiler
    const secret = secretFiles(io.env.MAILMILL_SECRETS ?? '/var/run/mailmill/secrets');
    const uri = await secret(revision.storeRef.name, revision.storeRef.key);
    const maildirs = io.env.MAILMILL_MAILDIRS ?? '/var/lib/mailmill/maildir';
    await visit({ revision, storeUri: uri, secret, maildirPath: (source) => `${maildirs}/${source}` });
    return agrees ? 0 : 1;
  }
  if (directory === undefined) return 2;
  const project = await loadProject([directory], io.signal);
  if ('problems' in project) {
    for (const problem of project.problems) io.stderr.write(`${problem}\n`);
    return 1;
  }
  const state = values.state ?? defaultStateDirectory(directory, io.env);
  const server = new LazyServer(() => startEmbeddedPostgres(state, (text) => io.stderr.write(`${text}\n`), io.signal));
  try {
    const secrets = new Secrets(project, values.secrets, server.get);
    const uri = await storeUri(values.store ?? io.env.MAILMILL_STORE_URI, project.pipelines, secrets, server.get);
    const maildirPath = (source: string) => project.maildirs.get(source) ?? source;
    for (const { revision } of project.pipelines)
      await visit({ revision, storeUri: uri, secret: secrets.get, maildirPath });
    return agrees ? 0 : 1;
  } catch (thrown) {
    const error = asMailmillError(thrown);
    io.stderr.write(`mailmill reconcile: ${error.message} [${error.code}]\n`);
    return exitCodes[error.family];
  } finally {
    await server.stop();
  }
}

export const command: Command = {
  name: 'reconcile',
  summary: 'compare a mailbox with what was recorded of it',
  usage,
  run,
};
