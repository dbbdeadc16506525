import type pg from 'pg';
import type { Database } from './database.ts';
import { alive, type Lease } from './leases.ts';
import { Params } from './params.ts';

/** A document that waits for sinks, with what they are sent; bytes are zstd. */
export interface QueuedDocument {
  readonly documentId: string;
  readonly edition: number;
  readonly receivedAt: Date;
  /** Bytes of the message, before compression. */
  readonly size: number;
  readonly json: Buffer | undefined;
  readonly raw: Buffer | undefined;
}

/** Where the documents of one commit come from. */
export interface QueueOrigin {
  readonly source: string;
  readonly account: string;
  readonly folder: string;
}

/** Sinks by what they are sent. */
export interface QueueSinks {
  readonly json: readonly string[];
  readonly raw: readonly string[];
}

/**
 * Queues documents for sinks, within the transaction that records them. A newer edition takes the place of an older one that was not sent; the
 * same edition does so only where it is dead.
 */
export async function enqueue(
  client: pg.ClientBase,
  lease: Lease,
  origin: QueueOrigin,
  sinks: QueueSinks,
  documents: readonly QueuedDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  const params = new Params();
  const pipeline = params.one(lease.pipelineId, 'bigint');
  const place = [origin.source, origin.account, origin.folder].map((text) => params.one(text, 'text')).join(', ');
  const columns = [
    params.array('uuid', documents, (to, d) => to.uuid(d.documentId)),
    params.array('integer', documents, (to, d) => to.int32(d.edition)),
    params.array('timestamp with time zone', documents, (to, d) => to.timestamp(d.receivedAt.getTime())),
    params.array('bigint', documents, (to, d) => to.int64(d.size)),
    params.array('bytea', documents, (to, d) => (d.json ? to.blob(d.json) : to.null())),
    params.array('bytea', documents, (to, d) => (d.raw ? to.blob(d.raw) : to.null())),
  ];
  const names = params.one([...sinks.json, ...sinks.raw], 'text[]');
  const forms = params.one([...sinks.json.map(() => true), ...sinks.raw.map(() => false)], 'boolean[]');
  await client.query(
    `WITH given AS MATERIALIZED (SELECT * FROM unnest(${columns.join(', ')}) AS d (document_id, edition, received_at, size, json, raw)),
  payload AS (
    INSERT INTO mailmill.outbox_payload (pipeline_id, source, account, folder, document_id, edition, received_at, size, json, raw)
    SELECT ${pipeline}, ${place}, d.* FROM given d
    ON CONFLICT (pipeline_id, document_id, edition) DO UPDATE SET json = excluded.json, raw = excluded.raw, queued_at = now())
  INSERT INTO mailmill.outbox AS o (pipeline_id, sink, document_id, edition, bytes)
  SELECT ${pipeline}, s.name, d.document_id, d.edition, CASE WHEN s.json THEN length(d.json) ELSE length(d.raw) END
    FROM given d CROSS JOIN unnest(${names}, ${forms}) AS s (name, json)
   WHERE CASE WHEN s.json THEN d.json ELSE d.raw END IS NOT NULL
  ON CONFLICT (pipeline_id, document_id, sink) DO UPDATE
     SET edition = excluded.edition, status = 'Queued', attempts = 0, failures = 0, code = NULL, detail = NULL, bytes = excluded.bytes,
         queued_at = now(), next_at = now()
   WHERE o.edition < excluded.edition OR (o.edition = excluded.edition AND o.status = 'Dead')`,
    [...params.values],
  );
}

/** Whose deliveries a sender takes. */
export interface QueueOwner {
  readonly pipelineId: bigint;
  readonly sink: string;
  readonly form: 'Json' | 'Raw';
  readonly workerId: string;
}

/** A delivery that this worker alone sends until it settles it, or dies. */
export interface ClaimedDelivery {
  readonly id: string;
  readonly documentId: string;
  readonly edition: number;
  /** Tries before this one, and those that counted. */
  readonly attempts: number;
  readonly failures: number;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly receivedAt: Date;
  /** Bytes of the message, before compression: about what it takes in memory. */
  readonly size: number;
  /** zstd; undefined: it is kept in another form than the sink takes now. */
  readonly payload: Buffer | undefined;
}

/**
 * Claims deliveries that are due, those that wait for longest first: at most `limit`, and of at most `bytes` unless a single one is larger. Takes over what
 * workers that are dead had claimed, and what this one had and does not hold any more.
 *
 * @param held ids that this worker is at work on.
 */
export async function claimDeliveries(
  database: Database,
  owner: QueueOwner,
  held: readonly string[],
  limit: number,
  bytes: number,
): Promise<readonly ClaimedDelivery[]> {
  const rows = await database.query<{
    id: string;
    document_id: string;
    edition: number;
    attempts: number;
    failures: number;
    source: string;
    account: string;
    folder: string;
    received_at: Date;
    size: string;
    payload: Buffer | null;
  }>(
    `WITH due AS MATERIALIZED (
       SELECT o.id, o.next_at, o.bytes FROM mailmill.outbox o
        WHERE o.pipeline_id = $1 AND o.sink = $2 AND o.status <> 'Dead' AND o.next_at <= clock_timestamp()
          AND (o.claimed_by IS NULL OR CASE WHEN o.claimed_by = $3 THEN o.id <> ALL($4::bigint[])
               ELSE NOT ${alive('o.claimed_by')} END)
        ORDER BY o.next_at, o.id LIMIT $5 FOR UPDATE SKIP LOCKED),
     fitting AS (SELECT id FROM (SELECT id, sum(bytes) OVER (ORDER BY next_at, id) - bytes AS before FROM due) d WHERE before < $6),
     claimed AS (UPDATE mailmill.outbox o SET claimed_by = $3 FROM fitting f WHERE o.id = f.id
       RETURNING o.id, o.document_id, o.edition, o.attempts, o.failures, o.next_at)
     SELECT c.id, c.document_id, c.edition, c.attempts, c.failures, p.source, p.account, p.folder, p.received_at, p.size,
            CASE WHEN $7 THEN p.json ELSE p.raw END AS payload
       FROM claimed c JOIN mailmill.outbox_payload p ON p.pipeline_id = $1 AND p.document_id = c.document_id AND p.edition = c.edition
      ORDER BY c.next_at, c.id`,
    [owner.pipelineId, owner.sink, owner.workerId, held, limit, bytes, owner.form === 'Json'],
  );
  return rows.map((row) => ({
    id: row.id,
    documentId: row.document_id,
    edition: row.edition,
    attempts: row.attempts,
    failures: row.failures,
    source: row.source,
    account: row.account,
    folder: row.folder,
    receivedAt: row.received_at,
    size: Number(row.size),
    payload: row.payload ?? undefined,
  }));
}

interface Settled {
  readonly id: string;
  readonly edition: number;
}

interface FailedSettlement extends Settled {
  readonly kind: 'Retrying' | 'Dead';
  readonly code: string;
  readonly detail: string;
  readonly failures: number;
  /** Milliseconds until it is due again. */
  readonly afterMs: number;
}

/** What became of a delivery that was claimed; `Released`: it was not tried. */
export type Settlement = FailedSettlement | (Settled & { readonly kind: 'Acknowledged' | 'Released' });

/**
 * Records what became of claimed deliveries, as one statement. What this worker does not hold any more is left as it is; where a newer edition has
 * taken the place meanwhile, that one is free to be sent. Doing it twice changes nothing.
 */
export async function settleDeliveries(
  database: Database,
  owner: QueueOwner,
  settlements: readonly Settlement[],
): Promise<void> {
  const params = new Params();
  const worker = params.one(owner.workerId, 'uuid');
  // A parameter that no part names is an error.
  const named = settlements.some(({ kind }) => kind !== 'Released');
  const [pipeline, sink] = named ? [params.one(owner.pipelineId, 'bigint'), params.one(owner.sink, 'text')] : ['', ''];
  const parts: string[] = [];
  const idsOf = (some: readonly Settlement[]) =>
    `unnest(${params.array('bigint', some, (to, s) => to.int64(BigInt(s.id)))}, ${params.array('integer', some, (to, s) => to.int32(s.edition))})`;
  const done = settlements.filter(({ kind }) => kind === 'Acknowledged');
  if (done.length > 0) {
    const ids = params.array('bigint', done, (to, s) => to.int64(BigInt(s.id)));
    parts.push(
      `done AS (DELETE FROM mailmill.outbox o USING ${idsOf(done)} AS g (id, edition)
         WHERE o.id = g.id AND o.edition = g.edition AND o.claimed_by = ${worker} RETURNING o.document_id, o.edition)`,
      // Two workers at two sinks at the same moment may each leave it to the other; what is left over is swept.
      `forgotten AS (DELETE FROM mailmill.outbox_payload p USING done d
         WHERE p.pipeline_id = ${pipeline} AND p.document_id = d.document_id AND p.edition = d.edition
           AND NOT EXISTS (SELECT FROM mailmill.outbox o WHERE o.pipeline_id = ${pipeline} AND o.document_id = p.document_id
                              AND o.edition = p.edition AND o.id <> ALL(${ids})))`,
      `told AS (INSERT INTO mailmill.delivery (pipeline_id, sink, document_id, edition, status)
         SELECT ${pipeline}, ${sink}, document_id, edition, 'Acknowledged' FROM done)`,
    );
  }
  const failed = settlements.filter((s): s is FailedSettlement => s.kind === 'Retrying' || s.kind === 'Dead');
  if (failed.length > 0) {
    const columns = [
      params.array('bigint', failed, (to, s) => to.int64(BigInt(s.id))),
      params.array('integer', failed, (to, s) => to.int32(s.edition)),
      params.array('boolean', failed, (to, s) => to.boolean(s.kind === 'Dead')),
      params.array('text', failed, (to, s) => to.text(s.code)),
      params.array('text', failed, (to, s) => to.text(s.detail)),
      params.array('integer', failed, (to, s) => to.int32(s.failures)),
      params.array('bigint', failed, (to, s) => to.int64(Math.ceil(s.afterMs))),
    ];
    parts.push(
      `failed AS (UPDATE mailmill.outbox o SET claimed_by = NULL, attempts = o.attempts + 1, failures = g.failures, code = g.code, detail = g.detail,
           status = CASE WHEN g.dead THEN 'Dead' ELSE 'Retrying' END::mailmill.delivery_status,
           next_at = clock_timestamp() + g.after_ms * interval '1 millisecond'
         FROM unnest(${columns.join(', ')}) AS g (id, edition, dead, code, detail, failures, after_ms)
         WHERE o.id = g.id AND o.edition = g.edition AND o.claimed_by = ${worker} RETURNING o.document_id, o.edition, o.status, o.code)`,
      `buried AS (INSERT INTO mailmill.delivery (pipeline_id, sink, document_id, edition, status, code)
         SELECT ${pipeline}, ${sink}, document_id, edition, status, code FROM failed WHERE status = 'Dead')`,
    );
  }
  const released = settlements.filter(({ kind }) => kind === 'Released');
  if (released.length > 0)
    parts.push(
      `released AS (UPDATE mailmill.outbox o SET claimed_by = NULL FROM ${idsOf(released)} AS g (id, edition)
         WHERE o.id = g.id AND o.edition = g.edition AND o.claimed_by = ${worker})`,
    );
  parts.push(
    `renewed AS (UPDATE mailmill.outbox o SET claimed_by = NULL FROM ${idsOf(settlements)} AS g (id, edition)
       WHERE o.id = g.id AND o.edition > g.edition AND o.claimed_by = ${worker})`,
  );
  await database.query(`WITH ${parts.join(',\n')} SELECT`, params.values);
}
