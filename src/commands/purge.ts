import { parseArgs } from 'node:util';
import { Database } from '../store/database.ts';
import { countPurge, type PurgeCounts, type PurgeTarget, purge } from '../store/purge.ts';
import { asMailmillError, exitCodes } from '../telemetry/errors.ts';
import type { Command, CommandIo } from './command.ts';

const usage = `usage: mailmill purge PIPELINE | --source NAME   [--namespace NS] [--store URI] [--yes]

Erases what the store holds of a pipeline: cursors, coverage, records of messages and deliveries, dead letters, leases, runs. One of the same
name begins from the start and delivers all mail again, under the same ids: rows in the sinks' tables stay and are replaced.

  --source NAME   erases a source instead: accounts, folders, identities of messages, and what every pipeline made of them. Mail that
                  was moved since it was first seen may get another id, and then a second row. OAuth2 refresh tokens that
                  the provider has replaced are gone too: renew the Secret
  --yes           does it; without, it only counts
  --namespace NS  default: \`default\`
  --store URI     default: MAILMILL_STORE_URI

Refuses while a worker holds a lease: suspend the pipeline, or delete it, and wait 15 s.`;

const table = (counts: PurgeCounts): string =>
  [...counts].map(([name, rows]) => `${String(rows).padStart(12)}  ${name}\n`).join('');

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      source: { type: 'string' },
      namespace: { type: 'string', default: 'default' },
      store: { type: 'string' },
      yes: { type: 'boolean' },
    },
  });
  const [pipeline, ...more] = positionals;
  const name = pipeline ?? values.source;
  const uri = values.store ?? io.env.MAILMILL_STORE_URI;
  const both = pipeline !== undefined && values.source !== undefined;
  if (name === undefined || both || more.length > 0 || uri === undefined) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const kind = pipeline === undefined ? 'source' : 'pipeline';
  const target: PurgeTarget = { kind, namespace: values.namespace, name };
  const database = new Database({ uri, max: 1, applicationName: 'mailmill-purge' });
  try {
    const counts = await (values.yes ? purge : countPurge)(database, target);
    if (!counts) {
      io.stderr.write(`mailmill purge: the store knows no ${kind} ${name} in namespace ${values.namespace}\n`);
      return 1;
    }
    io.stdout.write(table(counts));
    io.stderr.write(
      values.yes ? `erased the ${kind} ${name}\n` : `nothing was erased; --yes erases the ${kind} ${name}\n`,
    );
    return 0;
  } catch (thrown) {
    const error = asMailmillError(thrown);
    io.stderr.write(`mailmill purge: ${error.message} [${error.code}]\n`);
    return exitCodes[error.family];
  } finally {
    await database.close();
  }
}

export const command: Command = {
  name: 'purge',
  summary: 'erase what the store holds of a pipeline or a source',
  usage,
  run,
};
