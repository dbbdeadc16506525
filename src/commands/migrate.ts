import { parseArgs } from 'node:util';
import { Database, sqlState } from '../store/database.ts';
import { checkServer, migrate } from '../store/migrate.ts';
import type { Command, CommandIo } from './command.ts';

const usage = `usage: mailmill migrate --store URI

Brings the schema \`mailmill\` of a store up to date. Workers do so themselves when their user may create it; run this with another user where they may not.
The URI is better given as MAILMILL_STORE_URI, where other users of the machine do not see its password.`;

/** A migration waits five seconds for a table, so that nobody's mail waits behind it for longer; it comes back so often. */
const tries = 24;

/** What `work` gives, once nobody uses the tables that it changes. Throws what it throws otherwise, or at last. */
async function whenFree<T>(work: () => Promise<T>, { stderr, signal }: CommandIo): Promise<T> {
  for (let n = 1; ; n++)
    try {
      return await work();
    } catch (error) {
      const busy = error instanceof Error && sqlState(error.cause) === '55P03';
      if (!busy || n === tries || signal.aborted) throw error;
      stderr.write(`a table of the store is in use; nothing was changed, trying again (${n} of ${tries})\n`);
    }
}

export const command: Command = {
  name: 'migrate',
  summary: "bring a store's schema up to date",
  usage,
  async run(args, io) {
    const { values } = parseArgs({ args: [...args], options: { store: { type: 'string' } } });
    const uri = values.store ?? io.env.MAILMILL_STORE_URI;
    if (uri === undefined) {
      io.stderr.write(`${usage}\n`);
      return 2;
    }
    const database = new Database({ uri, max: 1, applicationName: 'mailmill-migrate' });
    try {
      await checkServer(database);
      const count = await whenFree(() => migrate(database), io);
      io.stdout.write(count === 0 ? 'the store is up to date\n' : `${count} migrations applied\n`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
