import type pg from 'pg';

/** Notes that a pipeline has read these UIDs of an epoch itself. */
export async function noteRead(
  client: pg.ClientBase,
  pipelineId: bigint,
  epochId: bigint,
  uids: readonly number[],
): Promise<void> {
  if (uids.length === 0) return;
  await client.query(
    `INSERT INTO mailmill.reading AS r (pipeline_id, epoch_id, chunk, uids)
     SELECT $1, $2, u >> 13, range_agg(int8range(u, u, '[]')) FROM unnest($3::bigint[]) u GROUP BY 3 ORDER BY 3
     ON CONFLICT (pipeline_id, epoch_id, chunk) DO UPDATE SET uids = r.uids + excluded.uids`,
    [pipelineId, epochId, uids],
  );
}

/** Takes that back: they will be read again. `uids` is an int8multirange. */
export async function forgetRead(
  client: pg.ClientBase,
  pipelineId: bigint,
  epochId: bigint,
  uids: string,
): Promise<void> {
  await client.query(
    'UPDATE mailmill.reading SET uids = uids - $3::int8multirange WHERE pipeline_id = $1 AND epoch_id = $2 AND uids && $3::int8multirange',
    [pipelineId, epochId, uids],
  );
}

/** SQL: whether pipeline `$1` has read the occurrence `o` itself. */
export const readBySql =
  'EXISTS (SELECT FROM mailmill.reading r WHERE r.pipeline_id = $1 AND r.epoch_id = o.epoch_id AND r.chunk = o.uid >> 13 AND r.uids @> o.uid)';
