import type { Params } from './params.ts';

/** A message that was just read. */
export interface Sighted {
  readonly uid: number;
  readonly rawSha256: string;
  readonly size: number;
  readonly receivedAt: Date;
  readonly objectId?: string;
  /** The id that was minted for it when it was read. */
  readonly minted?: Minted;
}

/** An id, and for which place it was minted. */
export interface Minted {
  readonly place: string;
  readonly id: string;
}

/** The statement that freezes identities; a place that has one already keeps it. */
export function occurrenceInsert(
  params: Params,
  epochId: bigint,
  sighted: readonly Sighted[],
  ids: ReadonlyMap<number, string>,
): string {
  const epoch = params.one(epochId, 'bigint');
  const columns = [
    params.array('bigint', sighted, (to, s) => to.int64(s.uid)),
    params.array('uuid', sighted, (to, s) => to.uuid(ids.get(s.uid)!)),
    params.array('bytea', sighted, (to, s) => to.hex(s.rawSha256)),
    params.array('bigint', sighted, (to, s) => to.int64(s.size)),
    params.array('timestamp with time zone', sighted, (to, s) => to.timestamp(s.receivedAt.getTime())),
    sighted.every((s) => s.objectId === undefined)
      ? 'NULL'
      : params.array('text', sighted, (to, s) => (s.objectId === undefined ? to.null() : to.text(s.objectId))),
  ];
  // Sets in the select list advance together, and unlike those of FROM they are not written down before.
  return `INSERT INTO mailmill.occurrence (epoch_id, uid, message_id, raw_sha256, size, received_at, object_id)
  SELECT ${epoch}, ${columns.map((column) => (column === 'NULL' ? column : `unnest(${column})`)).join(', ')} ON CONFLICT DO NOTHING`;
}
