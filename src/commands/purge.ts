import { parseArgs } from 'node:util';
import { countPurge, type PurgeCounts, type PurgeTarget, purge } from '../store/purge.ts';
import type { Command, CommandIo } from './command.ts';
import { namesStore, storeOptions, storeUsage, withStore } from './store-option.ts';

const usage = `usage: mailmill purge PIPELINE | --source NAME   [--namespace NS] [--store URI | --state DIR] [--yes]

Erases what the store holds of a pipeline: cursors, coverage, records of messages and deliveries, dead letters, leases, runs. One of the same
name begins from the start and delivers all mail again, under the same ids: rows in the sinks' tables stay and are replaced.

  --source NAME   erases a source instead: accounts, folders, identities of messages, and what every pipeline made of them. Mail that
                  was moved since it was first seen may get another id, and then a second row. OAuth2 refresh tokens that
                  the provider has replaced are gone too: renew the Secret
  --yes           does it; without, it only counts

${storeUsage}

Refuses while a worker holds a lease: suspend the pipeline, or delete it, and wait 15 s.`;

const table = (counts: PurgeCounts): string =>
  [...counts].map(([name, rows]) => `${String(rows).padStart(12)}  ${name}\n`).join('');

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      source: { type: 'string' },
      ...storeOptions,
      yes: { type: 'boolean' },
    },
  });
  const [pipeline, ...more] = positionals;
  const name = pipeline ?? values.source;
  const both = pipeline !== undefined && values.source !== undefined;
  if (name === undefined || both || more.length > 0 || !namesStore(values, io)) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const kind = pipeline === undefined ? 'source' : 'pipeline';
  const target: PurgeTarget = { kind, namespace: values.namespace, name };
  return withStore('purge', values, io, async (database) => {
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
  });
}

export const command: Command = {
  name: 'purge',
  summary: 'erase what the store holds of a pipeline or a source',
  usage,
  run,
};
