import { parseArgs } from 'node:util';
import { Database } from '../store/database.ts';
import { checkServer, migrate } from '../store/migrate.ts';
import type { Command } from './command.ts';

const usage = `usage: mailmill migrate --store URI

Brings the schema \`mailmill\` of a store up to date. Workers do so themselves when their user may create it; run this with another user where they may not.
The URI is better given as MAILMILL_STORE_URI, where other users of the machine do not see its password.`;

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
      const count = await migrate(database);
      io.stdout.write(count === 0 ? 'the store is up to date\n' : `${count} migrations applied\n`);
      return 0;
    } finally {
      await database.close();
    }
  },
};
