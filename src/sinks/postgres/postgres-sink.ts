import { randomBytes, randomUUID } from 'node:crypto';
import type pg from 'pg';
import type { PostgresSpec } from '../../api/kinds/postgres.ts';
import { askEnded, type DeadWorker, type Ended, endSessions } from '../../store/dead-sessions.ts';
import { stalled, transient } from '../../telemetry/errors.ts';
import type {
  ColumnTypes,
  EncodedRow,
  Guarantee,
  Progress,
  ProgressKey,
  Rehearsal,
  Row,
  WriteContext,
  WriteResult,
} from '../sink.ts';
import { columnsOf, type TableColumns } from './columns.ts';
import { durable, GivenUp, lockAttempt, resolveOutcome, saysRolledBack } from './commit-outcome.ts';
import { begin, impatient, openPool, withConnection } from './connection.ts';
import { sinkError, sqlState } from './errors.ts';
import { prepareTables, raceStates } from './prepare.ts';
import { inLockOrder, insertProgress, Lineage, readProgress, upsertProgress } from './progress.ts';
import { rehearse } from './rehearse.ts';
import { removeRows } from './remove-rows.ts';
import { sharesDatabase } from './shared-database.ts';
import { progressTable, type TableName } from './statements.ts';
import { TableWriter, writeRows } from './write-rows.ts';

export interface PostgresSinkOptions {
  /** `postgresql://user:password@host:5432/database`. */
  readonly uri: string;
  /** Connections at most; 2 by default. */
  readonly connections?: number;
  /** Name of its sessions in pg_stat_activity; `mailmill` by default. */
  readonly session?: string;
  /** A pool to use instead of an own one; it is left open by `close`. */
  readonly pool?: pg.Pool;
  /** Milliseconds before each try to learn what became of a COMMIT. */
  readonly resolveDelaysMs?: readonly number[];
}

const createTries = 5;

/**
 * A table of a PostgreSQL database. `Exact`: a document has one row, however often it is written, and a repeat under an older edition or
 * by a worker that lost its lease changes nothing. At most two connections, no session state.
 */
export class PostgresSink {
  readonly name: string;
  readonly guarantee: Guarantee = { kind: 'Exact', key: '_mailmill_id' };
  readonly #pool: pg.Pool;
  readonly #ownsPool: boolean;
  readonly #table: TableName;
  readonly #columns: TableColumns;
  readonly #writer: TableWriter;
  readonly #lineage = new Lineage();
  readonly #resolveDelaysMs: readonly number[];
  readonly #givenUp = new GivenUp();

  private constructor(name: string, spec: PostgresSpec, types: ColumnTypes, options: PostgresSinkOptions) {
    this.name = name;
    this.#table = { schema: spec.schema ?? 'public', table: spec.table };
    this.#columns = columnsOf(spec, types);
    this.#writer = new TableWriter(this.#table, this.#columns, types);
    this.#ownsPool = options.pool === undefined;
    this.#pool = options.pool ?? openPool(options.uri, options.connections ?? 2, options.session);
    this.#resolveDelaysMs = options.resolveDelaysMs ?? [0, 250, 1_000, 4_000, 10_000];
  }

  /**
   * A sink; nothing is connected yet.
   *
   * @param types every field that documents of the revision can have, with its type.
   * @throws what `columnsOf` throws; Stalled `SINK_TABLE_RESERVED` when the table is the sink's own book-keeping, `SINK_URI_INVALID`.
   */
  static open(name: string, spec: PostgresSpec, types: ColumnTypes, options: PostgresSinkOptions): PostgresSink {
    if (spec.table === progressTable)
      throw stalled('SINK_TABLE_RESERVED', `${progressTable} is the sink's own table; name another one`);
    return new PostgresSink(name, spec, types, options);
  }

  /**
   * Checks server, schema, rights and tables, and makes the tables that do not exist.
   *
   * @throws Stalled with what to run or correct: `SINK_TABLE_MISMATCH`, `SINK_FORBIDDEN`, `SINK_SCHEMA_MISSING`,
   * `SINK_SERVER_TOO_OLD`, `SINK_ENCODING`, `SINK_AUTH_REJECTED`, `SINK_DATABASE_MISSING`; Transient when it cannot be reached.
   */
  async check(signal: AbortSignal): Promise<void> {
    for (let tries = 1; !(await this.#checkOnce(signal)); tries++)
      if (tries === createTries)
        throw transient('SINK_UNAVAILABLE', 'others keep making and removing the table of the sink; it is tried again');
  }

  /** False when somebody else made a table at the same time: look again. */
  async #checkOnce(signal: AbortSignal): Promise<boolean> {
    return withConnection(this.#pool, signal, async ({ client }) => {
      await client.query(begin);
      try {
        await prepareTables(client, this.#table, this.#columns);
        await client.query('COMMIT');
      } catch (error) {
        if (!raceStates.has(sqlState(error) ?? '')) throw error;
        await client.query('ROLLBACK');
        return false;
      }
      return true;
    });
  }

  /**
   * Checks as `check` does, writes rows and takes others out, and tells what changed; then everything is rolled back, a table that it made
   * included.
   *
   * @throws what `check` and `commit` throw of the table and the server.
   */
  async rehearse(
    rows: readonly Row[],
    removed: readonly string[],
    context: WriteContext,
    signal: AbortSignal,
  ): Promise<Rehearsal> {
    return withConnection(this.#pool, signal, async ({ client }) => {
      await client.query(begin);
      await prepareTables(client, this.#table, this.#columns);
      await client.query('SET CONSTRAINTS ALL IMMEDIATE');
      const found = await rehearse(client, this.#table, this.#writer, rows, removed, context, signal);
      await client.query('ROLLBACK'); // after an error the connection is thrown away, which does as well
      return found;
    });
  }

  /**
   * Takes out documents whose edition is not newer than `edition`, in a transaction of its own or in the caller's. Returns how many there were.
   *
   * @throws errors in our families.
   */
  async remove(ids: readonly string[], edition: number, signal: AbortSignal, client?: pg.ClientBase): Promise<number> {
    if (ids.length === 0) return 0;
    if (client) return removeRows(client, this.#table, ids, edition);
    return withConnection(this.#pool, signal, async (own) => {
      await own.client.query(`${begin}; ${impatient}; ${durable}`);
      const count = await removeRows(own.client, this.#table, ids, edition);
      own.seal();
      await own.client.query('COMMIT');
      return count;
    });
  }

  /** What the sink remembers of each key, in their order; undefined where it knows nothing. */
  async progress(keys: readonly ProgressKey[], signal: AbortSignal): Promise<(Progress | undefined)[]> {
    if (keys.length === 0) return [];
    return withConnection(this.#pool, signal, async ({ client }) => {
      await client.query(begin);
      const found = await readProgress(client, this.#table.schema, keys);
      await client.query('COMMIT');
      for (const [i, key] of keys.entries()) this.#lineage.see(key, found[i]);
      return found.map((recorded) => recorded?.progress);
    });
  }

  /** Records where a folder stands at the sink's first sight of it; what is there already stays. */
  async writeProgressIfAbsent(progress: readonly Progress[], signal: AbortSignal): Promise<void> {
    if (progress.length === 0) return;
    await withConnection(this.#pool, signal, async ({ client }) => {
      await client.query(begin);
      await insertProgress(client, this.#table.schema, inLockOrder(progress), randomUUID());
      await client.query('COMMIT');
    });
  }

  /**
   * Merges rows inside the caller's open transaction, which must be on the sink's database. Constraints become immediate for the rest of
   * that transaction, so that a refusal shows here and not at COMMIT.
   *
   * @throws errors in our families; the caller then rolls back.
   */
  async write(
    client: pg.ClientBase,
    rows: readonly Row[],
    context: WriteContext,
    signal?: AbortSignal,
  ): Promise<WriteResult> {
    if (rows.length === 0) return { written: 0, refused: [] };
    try {
      await client.query('SET CONSTRAINTS ALL IMMEDIATE');
    } catch (error) {
      throw sinkError(error);
    }
    return writeRows(client, this.#writer, rows, context, signal);
  }

  /**
   * Writes progress inside the caller's open transaction, which must be on the sink's database.
   *
   * @throws Transient `SINK_FENCED` when a newer token is recorded; the caller then rolls back.
   */
  async writeProgress(client: pg.ClientBase, progress: readonly Progress[]): Promise<void> {
    if (progress.length === 0) return;
    try {
      await upsertProgress(client, this.#table.schema, inLockOrder(progress), randomUUID());
    } catch (error) {
      throw sinkError(error);
    }
  }

  /**
   * Merges rows and records progress (at least one) in a transaction of its own; both or neither. When the connection breaks during
   * COMMIT, what became of it is read from a new connection.
   *
   * @throws Transient `SINK_FENCED` when a newer token is recorded, `SINK_REWOUND` when the database lost what this process committed
   * before (call `progress` again), `SINK_COMMIT_LOST` when a broken COMMIT turned out not to have happened, `SINK_COMMIT_UNKNOWN`
   * when that could not be learned; other errors in our families. After any of them nothing of this batch may be taken as written.
   */
  async commit(
    rows: readonly Row[],
    progress: readonly Progress[],
    context: WriteContext,
    signal: AbortSignal,
  ): Promise<WriteResult> {
    const ordered = inLockOrder(progress);
    if (ordered.length === 0) throw new TypeError('a commit without progress cannot be fenced');
    const attempt = randomUUID();
    let begun = false;
    let sent: WriteResult | undefined;
    try {
      const result = await withConnection(this.#pool, signal, async ({ client, seal }) => {
        await this.#givenUp.end(client);
        begun = true;
        await client.query(
          `${begin}; ${impatient}; SET CONSTRAINTS ALL IMMEDIATE; ${durable}; ${lockAttempt(attempt)}`,
        );
        await this.#fence(client, ordered, attempt);
        const merged = await writeRows(client, this.#writer, rows, context, signal);
        seal();
        sent = merged;
        const done = await client.query('COMMIT').catch((error) => {
          if (saysRolledBack(error)) sent = undefined;
          throw error;
        });
        if (done.command !== 'COMMIT') sent = undefined;
        if (sent === undefined)
          throw transient('SINK_UNAVAILABLE', "the sink's database rolled the batch back; it is tried again");
        return merged;
      });
      this.#remember(ordered, attempt);
      return result;
    } catch (error) {
      this.#lineage.forget(ordered.map(({ key }) => key));
      if (sent === undefined) {
        if (begun) this.#givenUp.add(attempt);
        throw error;
      }
      await resolveOutcome(this.#pool, this.#table.schema, ordered, attempt, this.#resolveDelaysMs, signal, error);
      this.#remember(ordered, attempt);
      return sent;
    }
  }

  /** Whether rows of an edition may be given encoded. */
  encodes(edition: number): boolean {
    return this.#writer.copiesNow(edition);
  }

  /** A row as it will be sent, for `commit` and `write` under the same context. */
  encode(row: Row, context: WriteContext): EncodedRow {
    return this.#writer.encoder.ahead(row, context);
  }

  /** Whether `storePool` reaches the same database as the same user, so that rows and store can share a transaction. */
  async sharesDatabaseWith(storePool: pg.Pool, signal: AbortSignal): Promise<boolean> {
    return sharesDatabase(this.#pool, storePool, randomBytes(8).readBigInt64BE(), signal);
  }

  /** Ends transactions that these workers have left open in the database, and with them their locks. */
  async endSessions(workers: readonly DeadWorker[], signal: AbortSignal): Promise<Ended> {
    return withConnection(this.#pool, signal, ({ client }) =>
      askEnded(async () => (await client.query<{ ended: number }>(endSessions(workers))).rows),
    );
  }

  async close(): Promise<void> {
    if (this.#ownsPool) await this.#pool.end();
  }

  async #fence(client: pg.ClientBase, ordered: readonly Progress[], attempt: string): Promise<void> {
    const recorded = await upsertProgress(client, this.#table.schema, ordered, attempt);
    for (const [i, { key }] of ordered.entries()) this.#lineage.check(key, recorded[i]);
  }

  #remember(ordered: readonly Progress[], attempt: string): void {
    for (const progress of ordered) this.#lineage.see(progress.key, { progress, attempt });
  }
}
