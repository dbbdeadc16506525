import { Database } from '../store/database.ts';
import { asMailmillError, exitCodes } from '../telemetry/errors.ts';
import type { CommandIo } from './command.ts';
import { reachEmbeddedPostgres } from './run/embedded-postgres.ts';

/** Options of `parseArgs` that say which store is meant. */
export const storeOptions = {
  namespace: { type: 'string', default: 'default' },
  store: { type: 'string' },
  state: { type: 'string' },
} as const;

/** How usages tell of them. */
export const storeUsage = `The store is --store URI, MAILMILL_STORE_URI, or, of a \`mailmill run\` with an embedded server, --state DIR, which it shows when it starts; the
namespace is \`default\` unless said.`;

export interface StoreValues {
  readonly store?: string | undefined;
  readonly state?: string | undefined;
}

/** Whether a store is named. */
export const namesStore = ({ store, state }: StoreValues, io: CommandIo): boolean =>
  [store, state, io.env.MAILMILL_STORE_URI].some((value) => value !== undefined);

/** Works with the store that is named; the exit code is that of `work`, or says which family of error it ended with. */
export async function withStore(
  command: string,
  { store, state }: StoreValues,
  io: CommandIo,
  work: (database: Database) => Promise<number>,
): Promise<number> {
  const embedded = store === undefined ? state : undefined;
  let end: () => Promise<void> = async () => undefined;
  try {
    const server =
      embedded === undefined
        ? undefined
        : await reachEmbeddedPostgres(embedded, (text) => io.stderr.write(`${text}\n`), io.signal);
    if (server) end = () => server.stop();
    const uri = server ? await server.uri('mailmill') : (store ?? io.env.MAILMILL_STORE_URI ?? '');
    const database = new Database({ uri, max: 1, applicationName: `mailmill-${command}` });
    try {
      return await work(database);
    } finally {
      await database.close();
    }
  } catch (thrown) {
    const error = asMailmillError(thrown);
    io.stderr.write(`mailmill ${command}: ${error.message} [${error.code}]\n`);
    return exitCodes[error.family];
  } finally {
    await end();
  }
}
