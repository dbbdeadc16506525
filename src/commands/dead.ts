import { parseArgs } from 'node:util';
import { Database } from '../store/database.ts';
import { deadLetters } from '../store/dead-letters.ts';
import { acceptStalls } from '../store/stalls.ts';
import type { Command, CommandIo } from './command.ts';

const usage = `usage: mailmill dead list [PIPELINE] | dead accept PIPELINE   [--namespace NS] [--store URI]

Dead letters are messages that could not be parsed, transformed or loaded; they are kept until somebody resolves them.

  list      shows them: when, code, step or sink, what is wrong
  accept    lets a pipeline go on that stands still because too many messages in a row are dead (DEAD_RATE_EXCEEDED)

The store's URI is taken from --store or MAILMILL_STORE_URI; the namespace is \`default\` unless said.`;

async function run(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { namespace: { type: 'string', default: 'default' }, store: { type: 'string' } },
  });
  const [verb, pipeline] = positionals;
  const uri = values.store ?? io.env.MAILMILL_STORE_URI;
  if ((verb !== 'list' && verb !== 'accept') || (verb === 'accept' && pipeline === undefined) || uri === undefined) {
    io.stderr.write(`${usage}\n`);
    return 2;
  }
  const database = new Database({ uri, max: 1, applicationName: 'mailmill-dead' });
  try {
    if (verb === 'accept' && pipeline !== undefined) {
      const count = await acceptStalls(database, values.namespace, pipeline);
      io.stdout.write(
        count === 0 ? `${pipeline} does not stand still\n` : `${pipeline} goes on; its dead letters stay recorded\n`,
      );
      return count === 0 ? 1 : 0;
    }
    const letters = await deadLetters(database, values.namespace, pipeline);
    for (const letter of letters)
      io.stdout.write(
        `${letter.recordedAt.toISOString()} ${letter.pipeline} ${letter.messageId} ${letter.code} ${letter.step ?? letter.sink ?? '-'}: ${letter.detail}\n`,
      );
    io.stderr.write(`${letters.length} dead letters\n`);
    return 0;
  } finally {
    await database.close();
  }
}

export const command: Command = {
  name: 'dead',
  summary: 'show dead letters, or let a pipeline go on after many',
  usage,
  run,
};
