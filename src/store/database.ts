import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { MailmillError, stalled, transient } from '../telemetry/errors.ts';
import { SteadyClient } from './steady-client.ts';

/** Milliseconds that a transaction may stand idle before the server ends it: a stopped process must not keep its locks. */
const idleInTransactionMs = 8_000;
/** Milliseconds that one statement may run on the server. */
const statementMs = 60_000;
/**
 * What a transaction begins with, of the store and of sinks: limits that end with it, so that a pooler may give the connection to anybody
 * afterwards. The server notices within half a minute that the other end is gone, by a power cut or with the network: by its own settings, two
 * hours; a quarter of an hour where it has said something that nobody confirms, for which keepalives do not count.
 */
export const transactionLimits = [
  `SET LOCAL statement_timeout = ${statementMs}`,
  `SET LOCAL idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
  'SET LOCAL tcp_keepalives_idle = 10',
  'SET LOCAL tcp_keepalives_interval = 5',
  'SET LOCAL tcp_keepalives_count = 4',
  'SET LOCAL tcp_user_timeout = 25000',
].join('; ');

/** Milliseconds for connections that are still being made when the pool is closed. */
const farewellMs = 2_000;
/** Milliseconds for a ROLLBACK; closing the connection does as well. */
const rollbackMs = 5_000;

/** The outcome of COMMIT is not known: the connection broke while it was under way. Resolve it by reading. */
const commitUnknown = (cause: unknown) =>
  transient('STORE_COMMIT_UNKNOWN', 'the connection to the store broke during COMMIT; what became of it is read', {
    cause,
  });

/** A connection URI without the name that it gives to sessions: others must know whose they are. */
export const unnamed = (uri: string): string => uri.replaceAll(/(?<=[?&])(?:fallback_)?application_name=[^&#]*&?/g, '');

/** A query with a limit of its own; the driver knows it, its types do not. */
export type LimitedQuery = pg.QueryConfig & { readonly query_timeout: number };

/** SQLSTATE of an error of the server, if it is one. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** An error of PostgreSQL or of the way to it, in our families; `what` is `store` or a sink's name in capitals. */
export function databaseError(error: unknown, what: 'STORE' | 'SINK'): MailmillError {
  const state = sqlState(error);
  const noun = what === 'STORE' ? 'the store' : "the sink's database";
  switch (state?.slice(0, 2)) {
    case '28':
      return stalled(`${what}_AUTH_REJECTED`, `${noun} rejects the login; correct user and password in its Secret`, {
        cause: error,
      });
    case '3D':
      return stalled(
        `${what}_DATABASE_MISSING`,
        `${noun} has no database of that name; create it or correct the URI in its Secret`,
        { cause: error },
      );
    case '42':
      return stalled(
        state === '42501' ? `${what}_FORBIDDEN` : `${what}_SQL_REJECTED`,
        state === '42501'
          ? `${noun} does not allow this to its user; grant CREATE and USAGE on the schema and the rights on its tables`
          : `${noun} rejects a statement (SQLSTATE ${state}); its tables were changed by hand or belong to another version`,
        { cause: error },
      );
    case undefined:
      if (networkCode(error) === 'ERR_INVALID_URL')
        // No cause: it would hold the password.
        return stalled(
          `${what}_URI_INVALID`,
          `the connection URI of ${noun} cannot be read; it is postgresql://user:password@host:5432/database, with special characters percent-encoded`,
        );
      if (networkCode(error) === 'ENOTFOUND')
        return transient(
          `${what}_UNREACHABLE`,
          `the host name of ${noun} does not resolve; check the URI in its Secret`,
          { cause: error },
        );
      return transient(
        `${what}_UNREACHABLE`,
        `${noun} cannot be reached (${networkCode(error) ?? 'connection lost'}); check its host, port and network policy`,
        { cause: error },
      );
    default:
      return transient(`${what}_UNAVAILABLE`, `${noun} answered SQLSTATE ${state}; it is tried again`, {
        cause: error,
      });
  }
}

function networkCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error instanceof AggregateError && error.errors.length > 0) return networkCode(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export interface DatabaseOptions {
  readonly uri: string;
  /** Connections at most. */
  readonly max: number;
  /** Shown in pg_stat_activity. */
  readonly applicationName: string;
  /** Cuts every connection when it aborts: what is under way fails at once, and so does everything after. */
  readonly cut?: AbortSignal;
}

/** A small pool of connections to the store. No session state is kept, so PgBouncer in transaction mode works. */
export class Database {
  readonly pool: pg.Pool;
  /** Connections, also those that are being made. */
  readonly #clients = new Set<pg.Client>();
  readonly #cut: AbortSignal | undefined;
  readonly #onCut = () => {
    for (const client of this.#clients) socketOf(client).destroy();
  };

  constructor(options: DatabaseOptions) {
    const track = (client: pg.Client) => this.#track(client);
    class TrackedClient extends SteadyClient {
      constructor(config?: pg.ClientConfig) {
        super(config);
        track(this);
      }
    }
    this.pool = new pg.Pool({
      Client: TrackedClient,
      connectionString: unnamed(options.uri),
      max: options.max,
      application_name: options.applicationName,
      connectionTimeoutMillis: 10_000,
      query_timeout: statementMs + 10_000,
      keepAlive: true,
      idleTimeoutMillis: 30_000,
    });
    // An idle connection that breaks is replaced at the next use; that use reports what is wrong.
    this.pool.on('error', () => undefined);
    this.#cut = options.cut;
    this.#cut?.addEventListener('abort', this.#onCut, { once: true });
  }

  #track(client: pg.Client): void {
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    // For somebody who waited in the pool; it is not connecting yet.
    if (this.#cut?.aborted) setImmediate(() => socketOf(client).destroy());
  }

  /** One statement outside a transaction. */
  async query<R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<R[]> {
    if (this.#cut?.aborted) throw cutOff();
    try {
      const result = await this.#unlessCut(this.pool.query<R>(text, [...values]));
      return result.rows;
    } catch (error) {
      throw databaseError(error, 'STORE');
    }
  }

  /**
   * Runs `body` in one transaction. Errors of `body` roll back and are thrown as they are, those of the server in our
   * families. Throws Transient `STORE_COMMIT_UNKNOWN` when the connection broke during COMMIT.
   */
  async transaction<T>(body: (client: pg.ClientBase) => Promise<T>, beforeCommit?: () => void): Promise<T> {
    if (this.#cut?.aborted) throw cutOff();
    let client: pg.PoolClient;
    try {
      client = await this.#connect();
    } catch (error) {
      throw databaseError(error, 'STORE');
    }
    let result: T;
    try {
      await client.query(`BEGIN; ${transactionLimits}`);
      result = await body(client);
      beforeCommit?.();
    } catch (error) {
      await this.#rollback(client);
      throw error instanceof pg.DatabaseError || isConnectionError(error) ? databaseError(error, 'STORE') : error;
    }
    let done: pg.QueryResult;
    try {
      done = await client.query('COMMIT');
    } catch (error) {
      client.release(true);
      const state = sqlState(error)?.slice(0, 2);
      // A server that falls over may have committed before it said so.
      if (state !== undefined && !['08', '57', '58', 'XX'].includes(state)) throw databaseError(error, 'STORE');
      throw commitUnknown(error);
    }
    client.release();
    // To COMMIT in a transaction that has failed before, the server answers ROLLBACK, without an error.
    if (done.command !== 'COMMIT')
      throw transient('STORE_UNAVAILABLE', 'the store rolled a transaction back; it is tried again');
    return result;
  }

  async #rollback(client: pg.PoolClient): Promise<void> {
    let failed = false;
    try {
      const rollback: LimitedQuery = { text: 'ROLLBACK', query_timeout: rollbackMs };
      await client.query(rollback);
    } catch {
      failed = true; // the connection is thrown away below, which rolls back as well; one that broke says so at once
    }
    client.release(failed);
  }

  async #connect(): Promise<pg.PoolClient> {
    const connecting = this.pool.connect();
    try {
      return await this.#unlessCut(connecting);
    } catch (error) {
      // Nobody waits for it any more when it comes after all.
      connecting.then(
        (client) => client.release(true),
        () => undefined,
      );
      throw error;
    }
  }

  /** What `work` gives, unless the store is cut off before. */
  async #unlessCut<T>(work: Promise<T>): Promise<T> {
    const cut = this.#cut;
    if (!cut) return work;
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(cutOff());
    cut.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, aborted.promise]);
    } finally {
      cut.removeEventListener('abort', onAbort);
    }
  }

  /** Ends all connections. A server that does not answer the farewell does not keep the process alive. */
  async close(): Promise<void> {
    this.#cut?.removeEventListener('abort', this.#onCut);
    const ended = new AbortController();
    const late = delay(farewellMs, undefined, { signal: ended.signal }).catch(() => undefined);
    await Promise.race([this.pool.end(), late]);
    ended.abort();
    for (const client of this.#clients) socketOf(client).unref();
  }
}

const cutOff = () =>
  transient('STORE_CUT_OFF', 'this worker had to end before the store answered; the next one goes on from there');

/** The socket of a connection, an internal of the driver: its own `end` waits for a server that may have stopped. */
const socketOf = (client: pg.Client): Socket =>
  (client as unknown as { readonly connection: { readonly stream: Socket } }).connection.stream;

function isConnectionError(error: unknown): boolean {
  if (error instanceof MailmillError) return false;
  return (
    error instanceof Error &&
    (networkCode(error) !== undefined ||
      /Connection terminated|Query read timeout|timeout exceeded|not queryable/.test(error.message))
  );
}
