import type pg from 'pg';

/** Takes back that a pipeline has read these UIDs: it will again. `uids` is an int8multirange. */
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

/** UIDs of one row of `mailmill.reading`. */
export const chunkUids = 2 ** 13;

/** SQL: whether pipeline `$1` has read the occurrence `o` itself. */
export const readBySql =
  'EXISTS (SELECT FROM mailmill.reading r WHERE r.pipeline_id = $1 AND r.epoch_id = o.epoch_id AND r.chunk = o.uid >> 13 AND r.uids @> o.uid)';
