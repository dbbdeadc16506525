import type pg from 'pg';
import { checkCursor, orphan } from './epochs.ts';
import { freeze, type Sighted } from './identity.ts';
import { checkLease, type Lease } from './leases.ts';
import { noteRead } from './reading.ts';
import type { UidRange, UidSet } from './uid-set.ts';

/** What one batch covered: a UID range and what became of the messages that were listed in it. */
export interface Coverage {
  readonly uids: UidRange;
  readonly listed: number;
  readonly read: number;
  /** Listed, not received, and gone at the second look. */
  readonly vanished: number;
  /** Older than `since`. */
  readonly excluded: number;
  /** Finished before at another place or in an earlier epoch. */
  readonly known: number;
  readonly dropped: number;
  readonly dead: number;
}

/** What a pipeline made of one message. */
export interface Outcome {
  readonly messageId: string;
  readonly edition: number;
  readonly uid: number;
  readonly state: 'Processed' | 'Dropped' | 'Dead';
  readonly step?: string;
  readonly code?: string;
}

export interface DeliveryRecord {
  readonly sink: string;
  readonly documentId: string;
  readonly edition: number;
  readonly status: 'Acknowledged' | 'Dead';
  readonly code?: string;
}

export interface DeadLetter {
  readonly messageId: string;
  readonly edition: number;
  readonly uid: number;
  readonly step?: string;
  readonly sink?: string;
  readonly code: string;
  readonly detail: string;
  readonly size: number;
  /** gzip of the raw bytes. */
  readonly raw?: Buffer;
  readonly header?: Buffer;
}

/** Everything that one store transaction says about one cursor. */
export interface CommitRecord {
  readonly epochId: bigint;
  /** Version of the cursor before. */
  readonly version: bigint;
  readonly revision: string;
  readonly finished: UidSet;
  readonly coverage: readonly Coverage[];
  readonly sighted: readonly Sighted[];
  readonly ids: ReadonlyMap<number, string>;
  readonly outcomes: readonly Outcome[];
  readonly deliveries: readonly DeliveryRecord[];
  readonly deadLetters: readonly DeadLetter[];
}

/** Begins a commit: the lease is held and the cursor stands where this worker left it. Throws Transient `STORE_FENCED`. */
export async function fence(client: pg.ClientBase, lease: Lease, epochId: bigint, version: bigint): Promise<void> {
  await checkLease(client, lease);
  await checkCursor(client, lease.pipelineId, epochId, version);
}

/** Writes a commit and moves the cursor, within a transaction that began with `fence`. */
export async function record(client: pg.ClientBase, lease: Lease, commit: CommitRecord): Promise<void> {
  const { pipelineId } = lease;
  const uids = commit.sighted.map((s) => s.uid);
  await freeze(client, commit.epochId, commit.sighted, commit.ids);
  await noteRead(client, pipelineId, commit.epochId, uids);
  if (commit.outcomes.length > 0)
    await client.query(
      `INSERT INTO mailmill.message (pipeline_id, epoch_id, revision, message_id, edition, state, step, code, uid)
       SELECT $1, $2, $3, * FROM unnest($4::uuid[], $5::integer[], $6::mailmill.message_state[], $7::text[], $8::text[], $9::bigint[])`,
      [
        pipelineId,
        commit.epochId,
        commit.revision,
        commit.outcomes.map((o) => o.messageId),
        commit.outcomes.map((o) => o.edition),
        commit.outcomes.map((o) => o.state),
        commit.outcomes.map((o) => o.step ?? null),
        commit.outcomes.map((o) => o.code ?? null),
        commit.outcomes.map((o) => o.uid),
      ],
    );
  if (commit.deliveries.length > 0)
    await client.query(
      `INSERT INTO mailmill.delivery (pipeline_id, sink, document_id, edition, status, code)
       SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::integer[], $5::mailmill.delivery_status[], $6::text[])`,
      [
        pipelineId,
        commit.deliveries.map((d) => d.sink),
        commit.deliveries.map((d) => d.documentId),
        commit.deliveries.map((d) => d.edition),
        commit.deliveries.map((d) => d.status),
        commit.deliveries.map((d) => d.code ?? null),
      ],
    );
  for (const dead of commit.deadLetters) await insertDeadLetter(client, pipelineId, commit, dead);
  await client.query(
    `INSERT INTO mailmill.coverage (pipeline_id, epoch_id, version, worker_id, token, uids, listed, read, vanished, excluded, known, dropped, dead)
     SELECT $1, $2, $3, $4, $5, * FROM unnest($6::int8range[], $7::int[], $8::int[], $9::int[], $10::int[], $11::int[], $12::int[], $13::int[])`,
    [
      pipelineId,
      commit.epochId,
      commit.version + 1n,
      lease.workerId,
      lease.token,
      commit.coverage.map((c) => `[${c.uids[0]},${c.uids[1]}]`),
      commit.coverage.map((c) => c.listed),
      commit.coverage.map((c) => c.read),
      commit.coverage.map((c) => c.vanished),
      commit.coverage.map((c) => c.excluded),
      commit.coverage.map((c) => c.known),
      commit.coverage.map((c) => c.dropped),
      commit.coverage.map((c) => c.dead),
    ],
  );
  const { rows } = await client.query<{ retired: boolean }>(
    `UPDATE mailmill.cursor c SET finished = finished + $3::int8multirange, version = version + 1 FROM mailmill.epoch e
      WHERE c.pipeline_id = $1 AND c.epoch_id = $2 AND e.id = $2 RETURNING e.retired_at IS NOT NULL AS retired`,
    [pipelineId, commit.epochId, commit.finished.toString()],
  );
  // Another pipeline saw the epoch end while this one was still at it: what it has read must be found again in the next.
  if (rows[0]?.retired) await orphan(client, lease.accountId, [commit.epochId], uids);
}

async function insertDeadLetter(
  client: pg.ClientBase,
  pipelineId: bigint,
  commit: CommitRecord,
  dead: DeadLetter,
): Promise<void> {
  await client.query(
    `INSERT INTO mailmill.dead_letter (pipeline_id, message_id, edition, epoch_id, uid, revision, step, sink, code, detail, size, raw, header)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (pipeline_id, message_id, edition) DO UPDATE
        SET revision = excluded.revision, step = excluded.step, sink = excluded.sink, code = excluded.code, detail = excluded.detail,
            raw = excluded.raw, header = excluded.header, recorded_at = now(), resolved_at = NULL`,
    [
      pipelineId,
      dead.messageId,
      dead.edition,
      commit.epochId,
      dead.uid,
      commit.revision,
      dead.step ?? null,
      dead.sink ?? null,
      dead.code,
      dead.detail,
      dead.size,
      dead.raw ?? null,
      dead.header ?? null,
    ],
  );
}
