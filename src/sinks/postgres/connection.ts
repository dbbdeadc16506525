import pg from 'pg';
import { transactionLimits, unnamed } from '../../store/database.ts';
import { SteadyClient } from '../../store/steady-client.ts';
import { transient } from '../../telemetry/errors.ts';
import { invalidUri, sinkError } from './errors.ts';

/** Milliseconds for a login, or for a connection of the pool to become free. */
const connectMs = 15_000;
/** Milliseconds for everything done with one connection, in case the network stays silent. */
const deadlineMs = 5 * 60_000;

/**
 * A pool that connects when it is first used; `session` is what its connections are called in pg_stat_activity.
 *
 * @throws Stalled `SINK_URI_INVALID`.
 */
export function openPool(uri: string, max: number, session = 'mailmill'): pg.Pool {
  const connectionString = uri.trim(); // Secrets made from files end in a line break
  if (!/^postgres(ql)?:\/\//.test(connectionString) || !URL.canParse(connectionString)) throw invalidUri();
  const pool = new pg.Pool({
    Client: SteadyClient,
    connectionString: unnamed(connectionString),
    max,
    application_name: session,
    connectionTimeoutMillis: connectMs,
    idleTimeoutMillis: 30_000,
    // A server that has stopped does not answer the farewell of an idle connection: that must not keep the process.
    allowExitOnIdle: true,
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at its next use, and that use reports what is wrong.
  pool.on('error', () => undefined);
  return pool;
}

/** Begins a transaction whose limits end with it, so that a pooler may give the connection to anybody afterwards. */
export const begin = `BEGIN ISOLATION LEVEL READ COMMITTED; ${transactionLimits}`;

/**
 * For a transaction that writes: whoever holds a row for so long may be dead, and is ended before the next try. Milliseconds that count for
 * each lock; a healthy writer holds one for a second.
 */
export const impatient = 'SET LOCAL lock_timeout = 10000';

/** A connection in use. `seal` makes it deaf to the caller's signal: COMMIT, once sent, is waited for. */
export interface Connection {
  readonly client: pg.PoolClient;
  readonly seal: () => void;
}

/**
 * Runs `body` with a connection of the pool. The connection is thrown away when `body` fails, is aborted or takes over 5 minutes,
 * which rolls back whatever it had begun.
 *
 * @throws what `body` throws, errors of PostgreSQL and of the network in our families; the signal's reason when it aborts.
 */
export async function withConnection<T>(
  pool: pg.Pool,
  signal: AbortSignal,
  body: (connection: Connection) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const client = await connect(pool, signal);
  let gone = false;
  const discard = () => {
    if (!gone) client.release(true);
    gone = true;
  };
  const seal = () => signal.removeEventListener('abort', discard);
  signal.addEventListener('abort', discard);
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    discard();
  }, deadlineMs);
  try {
    const result = await body({ client, seal });
    if (!gone) client.release();
    gone = true;
    return result;
  } catch (error) {
    const aborted = gone && signal.aborted;
    discard();
    if (aborted) throw signal.reason;
    if (late)
      throw transient('SINK_TIMEOUT', "the sink's database did not answer for 5 minutes; it is tried again", {
        cause: error,
      });
    throw sinkError(error);
  } finally {
    clearTimeout(timer);
    seal();
  }
}

async function connect(pool: pg.Pool, signal: AbortSignal): Promise<pg.PoolClient> {
  const connecting = login(pool);
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort);
  try {
    return await Promise.race([connecting, aborted.promise]);
  } catch (error) {
    // Nobody waits for it any more: give it back when it comes; that it failed was, or needs not be, told.
    connecting.then(
      (client) => client.release(),
      () => undefined,
    );
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

async function login(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw sinkError(error);
  }
}
