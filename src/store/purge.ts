import type pg from 'pg';
import { stalled } from '../telemetry/errors.ts';
import type { Database, LimitedQuery } from './database.ts';

/** What is erased: a pipeline's state, or a source's with what every pipeline made of its mail. */
export type PurgeTarget =
  | { readonly kind: 'pipeline'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'source'; readonly namespace: string; readonly name: string };

/** Rows by table, in the order in which they are erased. */
export type PurgeCounts = ReadonlyMap<string, number>;

/** Milliseconds that one statement may take: a pipeline can have millions of rows. */
const statementMs = 15 * 60_000;

/** A set of rows: a table, and a condition on its row `t`. `$1` is the ids of the pipeline, or of the source's accounts. */
interface Erasure {
  readonly table: string;
  readonly where: string;
}

/** Tables with a foreign key are named too, so that they are counted; the order lets each be found before what it hangs on is gone. */
const ofPipeline: readonly Erasure[] = [
  'outbox',
  'outbox_payload',
  'delivery',
  'message',
  'dead_letter',
  'coverage',
  'reading',
  'sink_baseline',
  'sink',
  'cursor',
  'run_cursor',
  'run',
  'run_lease',
  'revision',
  'reconcile_folder',
  'reconcile',
  'stall',
  'lease',
]
  .map((table) => ({ table, where: 't.pipeline_id = ANY($1)' }))
  .concat([{ table: 'pipeline', where: 't.id = ANY($1)' }]);

const epochs =
  'SELECT e.id FROM mailmill.epoch e JOIN mailmill.folder f ON f.id = e.folder_id WHERE f.account_id = ANY($1)';
const inEpochs = `t.epoch_id IN (${epochs})`;
const ofAccount = 't.account_id = ANY($1)';
const inFolders = 't.folder_id IN (SELECT id FROM mailmill.folder WHERE account_id = ANY($1))';

const documentSeen = `EXISTS (SELECT FROM mailmill.occurrence o WHERE o.message_id = t.document_id AND o.epoch_id IN (${epochs}))`;

const archives =
  'SELECT r.id FROM mailmill.archive r JOIN mailmill.account a ON a.namespace = r.namespace AND a.source = r.source WHERE a.id = ANY($1)';

const ofSource: readonly Erasure[] = [
  // A delivery names its document alone, whose id is that of its message.
  { table: 'delivery', where: documentSeen },
  { table: 'outbox', where: documentSeen },
  { table: 'outbox_payload', where: documentSeen },
  { table: 'message', where: inEpochs },
  { table: 'dead_letter', where: inEpochs },
  { table: 'coverage', where: inEpochs },
  { table: 'reading', where: inEpochs },
  { table: 'sink_baseline', where: inEpochs },
  { table: 'cursor', where: inEpochs },
  { table: 'run_cursor', where: inEpochs },
  { table: 'occurrence', where: inEpochs },
  { table: 'object', where: ofAccount },
  { table: 'orphan', where: ofAccount },
  { table: 'file_uid', where: inFolders },
  { table: 'kept_message', where: inFolders },
  { table: 'kept_bytes', where: inFolders },
  { table: 'kept_change', where: inFolders },
  { table: 'kept_folder', where: inFolders },
  { table: 'epoch', where: `t.id IN (${epochs})` },
  { table: 'folder', where: ofAccount },
  { table: 'slot_request', where: ofAccount },
  { table: 'slot', where: ofAccount },
  { table: 'account_usage', where: ofAccount },
  { table: 'reconcile_folder', where: ofAccount },
  { table: 'lease', where: ofAccount },
  {
    table: 'credential',
    where: '(t.namespace, t.source) IN (SELECT namespace, source FROM mailmill.account WHERE id = ANY($1))',
  },
  { table: 'archive_bytes', where: `t.archive_id IN (${archives})` },
  { table: 'archive_frame', where: `t.archive_id IN (${archives})` },
  { table: 'archive_segment', where: `t.archive_id IN (${archives})` },
  { table: 'archive', where: `t.id IN (${archives})` },
  { table: 'account', where: 't.id = ANY($1)' },
];

const erasures = { pipeline: ofPipeline, source: ofSource };
const owners = {
  pipeline: 'SELECT id FROM mailmill.pipeline WHERE namespace = $1 AND name = $2 ORDER BY id',
  // With what its archive has under a name of its own.
  source: `SELECT id FROM mailmill.account WHERE namespace = $1 AND source IN ($2, $2 || '/archive') ORDER BY id`,
};

/** Counts what `purge` would erase. Undefined: the store does not know the pipeline or source. */
export async function countPurge(database: Database, target: PurgeTarget): Promise<PurgeCounts | undefined> {
  return database.transaction(async (client) => {
    await client.query(`SET TRANSACTION READ ONLY`);
    await client.query(`SET LOCAL statement_timeout = ${statementMs}`);
    const ids = await idsOf(client, target, '');
    if (ids.length === 0) return undefined;
    const counts = new Map<string, number>();
    for (const { table, where } of await present(client, target)) {
      const { rows } = await slow<{ count: string }>(
        client,
        `SELECT count(*) FROM mailmill.${table} t WHERE ${where}`,
        ids,
      );
      counts.set(table, Number(rows[0]?.count));
    }
    return counts;
  });
}

/**
 * Erases everything, in one transaction, and returns the rows by table; undefined: the store does not know the pipeline or source. What the
 * sinks hold stays. Throws Stalled `STORE_IN_USE` while a worker that is alive holds a lease or a connection.
 */
export async function purge(database: Database, target: PurgeTarget): Promise<PurgeCounts | undefined> {
  return database.transaction(async (client) => {
    await client.query(`SET LOCAL statement_timeout = ${statementMs}`);
    // Whoever takes a lease now waits for the end of this transaction, and then finds nothing to take it on.
    const ids = await idsOf(client, target, ' FOR UPDATE');
    if (ids.length === 0) return undefined;
    await refuseWhileInUse(client, target, ids);
    const counts = new Map<string, number>();
    for (const { table, where } of await present(client, target)) {
      const { rowCount } = await slow(client, `DELETE FROM mailmill.${table} t WHERE ${where}`, ids);
      counts.set(table, rowCount ?? 0);
    }
    return counts;
  });
}

async function idsOf(client: pg.ClientBase, target: PurgeTarget, lock: string): Promise<readonly string[]> {
  const { rows } = await client.query<{ id: string }>(`${owners[target.kind]}${lock}`, [target.namespace, target.name]);
  return rows.map(({ id }) => id);
}

/** Erasures of tables that this store has: one that an older version has migrated has fewer. */
async function present(client: pg.ClientBase, { kind }: PurgeTarget): Promise<readonly Erasure[]> {
  const { rows } = await client.query<{ table: string }>(
    `SELECT t AS table FROM unnest($1::text[]) t WHERE to_regclass('mailmill.' || t) IS NOT NULL`,
    [erasures[kind].map(({ table }) => table)],
  );
  return erasures[kind].filter(({ table }) => rows.some((row) => row.table === table));
}

function slow<R extends pg.QueryResultRow>(client: pg.ClientBase, text: string, ids: readonly string[]) {
  const query: LimitedQuery = { text, values: [ids], query_timeout: statementMs + 10_000 };
  return client.query<R>(query);
}

async function refuseWhileInUse(client: pg.ClientBase, { kind }: PurgeTarget, ids: readonly string[]): Promise<void> {
  const column = kind === 'pipeline' ? 'pipeline_id' : 'account_id';
  const alive = 'JOIN mailmill.worker w ON w.id = t.worker_id AND w.expires_at > clock_timestamp()';
  const others =
    kind === 'pipeline'
      ? `UNION SELECT w.name, p.name, NULL FROM mailmill.run_lease t ${alive} JOIN mailmill.pipeline p ON p.id = t.pipeline_id WHERE t.pipeline_id = ANY($1)`
      : `UNION SELECT w.name, NULL, NULL FROM mailmill.slot t ${alive} WHERE t.account_id = ANY($1)`;
  // Locked: a lease must not be renewed under our hands.
  await client.query(`SELECT FROM mailmill.lease WHERE ${column} = ANY($1) FOR UPDATE`, [ids]);
  const { rows } = await client.query<{ worker: string; pipeline: string | null; source: string | null }>(
    `SELECT w.name AS worker, p.name AS pipeline, a.source
       FROM mailmill.lease t ${alive} JOIN mailmill.pipeline p ON p.id = t.pipeline_id JOIN mailmill.account a ON a.id = t.account_id
      WHERE t.${column} = ANY($1) ${others}`,
    [ids],
  );
  if (rows.length === 0) return;
  const holders = rows.map(({ worker, pipeline, source }) => {
    if (pipeline === null) return `worker ${worker} has a connection`;
    return source === null
      ? `worker ${worker} executes a run of pipeline ${pipeline}`
      : `worker ${worker} holds the lease of pipeline ${pipeline} on source ${source}`;
  });
  throw stalled(
    'STORE_IN_USE',
    `${[...new Set(holders)].slice(0, 10).join('; ')}; suspend or delete what works on it, wait 15 s, and try again`,
  );
}
