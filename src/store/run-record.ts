import type pg from 'pg';
import type { Outcome } from './commit.ts';
import { fenced } from './leases.ts';
import type { RunId } from './runs.ts';

/** What came of a message replaces its older dead letters; their bytes are forgotten, as the newest has them. */
export async function resolveOlder(
  client: pg.ClientBase,
  pipelineId: bigint,
  edition: number,
  outcomes: readonly Outcome[],
): Promise<void> {
  if (outcomes.length === 0 || edition <= 1) return;
  await client.query(
    `UPDATE mailmill.dead_letter SET resolved_at = now(), raw = NULL, header = NULL
      WHERE pipeline_id = $1 AND edition < $2 AND resolved_at IS NULL AND message_id = ANY($3)`,
    [pipelineId, edition, outcomes.map(({ messageId }) => messageId)],
  );
}

/** What a part of a run came to. */
export interface Handled {
  readonly outcomes: readonly Outcome[];
  readonly read: number;
  /** Not in the mailbox any more, and those of them that nobody has. */
  readonly gone: number;
  readonly missing: number;
}

/** Adds a part to what the run has done. Throws Transient `STORE_FENCED` when the run has ended meanwhile: it was cancelled. */
export async function countHandled(client: pg.ClientBase, run: RunId, handled: Handled): Promise<void> {
  const { outcomes, read, gone, missing } = handled;
  const count = (state: Outcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const { rowCount } = await client.query(
    `UPDATE mailmill.run
        SET done = done + $4, read = read + $5, delivered = delivered + $6, dropped = dropped + $7, dead = dead + $8, missing = missing + $9
      WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3 AND state = 'Executing'`,
    [
      ...[run.pipelineId, run.name, run.specHash],
      ...[read + gone, read, count('Processed'), count('Dropped'), count('Dead'), missing],
    ],
  );
  if (rowCount !== 1) throw fenced();
}
