import type { RunResult } from '../api/worker-status.ts';
import type { Database } from './database.ts';

interface RunRow {
  readonly name: string;
  readonly spec_hash: string;
  readonly revision: string;
  readonly state: RunResult['state'];
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly read: string;
  readonly delivered: string;
  readonly dropped: string;
  readonly dead: string;
  readonly family: RunResult['family'] | null;
  readonly code: string | null;
  readonly message: string | null;
}

const columns =
  'name, spec_hash, revision, state, started_at, finished_at, read, delivered, dropped, dead, family, code, message';

const toResult = (row: RunRow): RunResult => ({
  name: row.name,
  specHash: row.spec_hash,
  revision: row.revision,
  state: row.state,
  startedAt: row.started_at.toISOString(),
  ...(row.finished_at && { finishedAt: row.finished_at.toISOString() }),
  read: Number(row.read),
  delivered: Number(row.delivered),
  dropped: Number(row.dropped),
  dead: Number(row.dead),
  ...(row.family && { family: row.family }),
  ...(row.code && { code: row.code }),
  ...(row.message && { message: row.message }),
});

/** Begins a run, or returns the one of this name and spec that exists: a run is executed once. */
export async function beginRun(
  database: Database,
  pipelineId: bigint,
  run: { readonly name: string; readonly specHash: string; readonly revision: string },
): Promise<RunResult> {
  await database.query(
    'INSERT INTO mailmill.run (pipeline_id, name, spec_hash, revision, state) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING',
    [pipelineId, run.name, run.specHash, run.revision, 'Running'],
  );
  const rows = await database.query<RunRow>(
    `SELECT ${columns} FROM mailmill.run WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3`,
    [pipelineId, run.name, run.specHash],
  );
  return toResult(rows[0]!);
}

/** How a run ended; its counters are those of what was recorded since it began. */
export interface RunEnd {
  readonly state: 'Succeeded' | 'Failed';
  readonly family?: RunResult['family'];
  readonly code?: string;
  readonly message?: string;
}

const countersSince = `
  SELECT count(*), count(*) FILTER (WHERE m.state = 'Processed'), count(*) FILTER (WHERE m.state = 'Dropped'), count(*) FILTER (WHERE m.state = 'Dead')
    FROM mailmill.message m WHERE m.pipeline_id = r.pipeline_id AND m.recorded_at >= r.started_at`;

/** Ends a run that is still running; the first end stands. Returns the run as it is in the store. */
export async function endRun(
  database: Database,
  pipelineId: bigint,
  run: { readonly name: string; readonly specHash: string; readonly revision: string },
  end: RunEnd,
): Promise<RunResult> {
  await database.query(
    `UPDATE mailmill.run r SET state = $4, finished_at = now(), family = $5, code = $6, message = $7, (read, delivered, dropped, dead) = (${countersSince})
      WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3 AND state = 'Running'`,
    [pipelineId, run.name, run.specHash, end.state, end.family ?? null, end.code ?? null, end.message ?? null],
  );
  return beginRun(database, pipelineId, run);
}

/** Runs of a pipeline that have not ended, and those of the last hour; newest first, at most 20. */
export async function recentRuns(database: Database, pipelineId: bigint): Promise<readonly RunResult[]> {
  const rows = await database.query<RunRow>(
    `SELECT ${columns} FROM mailmill.run
      WHERE pipeline_id = $1 AND (state = 'Running' OR finished_at > now() - interval '1 hour') ORDER BY started_at DESC LIMIT 20`,
    [pipelineId],
  );
  return rows.map(toResult);
}

/**
 * Ends the on-demand runs of a streaming pipeline of which every present folder of its accounts was checked after the run began; the
 * counters are those of what was recorded since. Returns how many.
 */
export async function endCheckedRuns(
  database: Database,
  pipelineId: bigint,
  accounts: readonly bigint[],
): Promise<number> {
  const present = `SELECT FROM mailmill.cursor c JOIN mailmill.epoch e ON e.id = c.epoch_id JOIN mailmill.folder f ON f.id = e.folder_id
                    WHERE c.pipeline_id = $1 AND e.retired_at IS NULL AND f.account_id = a.id`;
  const rows = await database.query(
    `UPDATE mailmill.run r SET state = 'Succeeded', finished_at = now(), (read, delivered, dropped, dead) = (${countersSince})
      WHERE r.pipeline_id = $1 AND r.state = 'Running' AND r.spec_hash <> ''
        AND NOT EXISTS (SELECT FROM unnest($2::bigint[]) a (id)
                         WHERE NOT EXISTS (${present})
                            OR EXISTS (${present} AND (c.checked_at IS NULL OR c.checked_at < r.started_at)))
      RETURNING r.name`,
    [pipelineId, accounts],
  );
  return rows.length;
}
