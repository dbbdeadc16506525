import type pg from 'pg';
import type { Database } from './database.ts';
import { checkLease, type Lease } from './leases.ts';
import { forgetRead } from './reading.ts';
import { UidSet } from './uid-set.ts';

/** Registers a sink at its first sight: it takes part from the present version of each cursor on. True when it is new. */
export async function registerSink(database: Database, lease: Lease, sink: string): Promise<boolean> {
  return database.transaction(async (client) => {
    await checkLease(client, lease);
    const { rowCount } = await client.query(
      'INSERT INTO mailmill.sink (pipeline_id, name) VALUES ($1, $2) ON CONFLICT DO NOTHING',
      [lease.pipelineId, sink],
    );
    if (rowCount === 0) return false;
    await client.query(
      `INSERT INTO mailmill.sink_baseline (pipeline_id, sink, epoch_id, version)
       SELECT pipeline_id, $2, epoch_id, version FROM mailmill.cursor WHERE pipeline_id = $1`,
      [lease.pipelineId, sink],
    );
    return true;
  });
}

/** From which version of a cursor on a sink takes part. */
export async function sinkBaseline(
  database: Database,
  pipelineId: bigint,
  sink: string,
  epochId: bigint,
): Promise<bigint> {
  const rows = await database.query<{ version: string }>(
    'SELECT version FROM mailmill.sink_baseline WHERE pipeline_id = $1 AND sink = $2 AND epoch_id = $3',
    [pipelineId, sink, epochId],
  );
  return BigInt(rows[0]?.version ?? 0);
}

/**
 * Takes what was committed to a cursor after `version` out of its finished set, so that it is read again: the sink was restored to
 * an earlier day. Where coverage does not reach back that far, the whole cursor starts again. Their messages are taken out at every other
 * place too: they may be there now. Returns how many UIDs will be read again.
 */
export async function refeed(database: Database, lease: Lease, epochId: bigint, version: bigint): Promise<number> {
  return database.transaction(async (client) => {
    await checkLease(client, lease);
    const cursor = await client.query<{ version: string; finished: string }>(
      'SELECT version, finished::text FROM mailmill.cursor WHERE pipeline_id = $1 AND epoch_id = $2 FOR UPDATE',
      [lease.pipelineId, epochId],
    );
    const row = cursor.rows[0];
    if (!row || BigInt(row.version) <= version) return 0;
    const covered = await client.query<{ versions: string; uids: string }>(
      `SELECT count(DISTINCT version) AS versions, coalesce(range_agg(uids), '{}')::text AS uids
         FROM mailmill.coverage WHERE pipeline_id = $1 AND epoch_id = $2 AND version > $3`,
      [lease.pipelineId, epochId, version],
    );
    const complete = BigInt(covered.rows[0]!.versions) === BigInt(row.version) - version;
    const again = complete ? covered.rows[0]!.uids : row.finished;
    const elsewhere = await client.query<{ epoch_id: string; uids: string }>(
      `SELECT o.epoch_id, range_agg(int8range(o.uid, o.uid, '[]'))::text AS uids
         FROM mailmill.occurrence here JOIN mailmill.occurrence o ON o.message_id = here.message_id AND o.epoch_id <> here.epoch_id
        WHERE here.epoch_id = $1 AND here.uid <@ $2::int8multirange GROUP BY o.epoch_id ORDER BY o.epoch_id`,
      [epochId, again],
    );
    await unfinish(client, lease, epochId, again);
    for (const place of elsewhere.rows) await unfinish(client, lease, BigInt(place.epoch_id), place.uids);
    return [again, ...elsewhere.rows.map((place) => place.uids)]
      .flatMap((text) => UidSet.parse(text).ranges)
      .reduce((sum, [first, last]) => sum + last - first + 1, 0);
  });
}

async function unfinish(client: pg.ClientBase, lease: Lease, epochId: bigint, uids: string): Promise<void> {
  const { rows } = await client.query<{ version: string }>(
    `UPDATE mailmill.cursor SET finished = finished - $3::int8multirange, version = version + 1
      WHERE pipeline_id = $1 AND epoch_id = $2 RETURNING version`,
    [lease.pipelineId, epochId, uids],
  );
  if (!rows[0]) return; // this pipeline never read that place
  await forgetRead(client, lease.pipelineId, epochId, uids);
  await client.query(
    `INSERT INTO mailmill.coverage (pipeline_id, epoch_id, version, uids, listed, read, vanished, excluded, known, dropped, dead, worker_id, token)
     VALUES ($1, $2, $3, 'empty', 0, 0, 0, 0, 0, 0, 0, $4, $5)`,
    [lease.pipelineId, epochId, rows[0].version, lease.workerId, lease.token],
  );
}
