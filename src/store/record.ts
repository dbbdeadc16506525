import type pg from 'pg';
import type { CommitRecord, DeadLetter } from './commit.ts';
import { commitStatement } from './commit-statement.ts';
import { cursorCheck, orphan } from './epochs.ts';
import { checkFrozen } from './identity.ts';
import { fenced, type Lease, leaseCheck } from './leases.ts';

/**
 * Begins a commit: the lease is held, the cursor stands where this worker left it, and nobody retires its epoch meanwhile. Throws
 * Transient `STORE_FENCED`.
 */
export async function fence(client: pg.ClientBase, lease: Lease, epochId: bigint, version: bigint): Promise<void> {
  const checks = await client.query(`${leaseCheck(lease)}; ${cursorCheck(lease.pipelineId, epochId, version)}`);
  // Several statements in one message have several results, of which the driver's types do not know.
  for (const { rowCount } of checks as unknown as readonly pg.QueryResult[]) if (rowCount !== 1) throw fenced();
}

/**
 * Writes a commit and moves the cursor, within a transaction that began with `fence`. Throws Transient `STORE_IDENTITY_CHANGED` when
 * another pipeline has given a place another identity meanwhile: resolve again.
 */
export async function record(client: pg.ClientBase, lease: Lease, commit: CommitRecord): Promise<void> {
  for (const dead of commit.deadLetters) await insertDeadLetter(client, lease.pipelineId, commit, dead);
  const { text, values } = commitStatement(lease, commit);
  const { rows } = await client.query<{ frozen: string; retired: boolean }>(text, [...values]);
  const { frozen, retired } = rows[0]!;
  if (Number(frozen) !== commit.sighted.length) await checkFrozen(client, commit.epochId, commit.sighted, commit.ids);
  // Another pipeline saw the epoch end while this one was still at it: what it has read must be found again in the next.
  if (!retired) return;
  const uids = commit.sighted.map((s) => s.uid);
  await orphan(client, lease.accountId, [commit.epochId], uids);
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
