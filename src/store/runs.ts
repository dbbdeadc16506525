import { incremental, type RunPlan } from '../api/run-plan.ts';
import type { RunDiff, RunResult } from '../api/worker-status.ts';
import type { Database } from './database.ts';

interface RunRow {
  readonly name: string;
  readonly spec_hash: string;
  readonly revision: string;
  readonly state: RunResult['state'] | 'Executing';
  readonly started_at: Date;
  readonly finished_at: Date | null;
  readonly read: string;
  readonly delivered: string;
  readonly dropped: string;
  readonly dead: string;
  readonly family: RunResult['family'] | null;
  readonly code: string | null;
  readonly message: string | null;
  readonly plan: RunPlan | null;
  readonly edition: number | null;
  readonly total: string | null;
  readonly done: string;
  readonly removed: string;
  readonly missing: string;
  readonly diff: RunDiff | null;
}

const columns =
  'name, spec_hash, revision, state, started_at, finished_at, read, delivered, dropped, dead, family, code, message, plan, edition, total, done, removed, missing, diff';

const toResult = (row: RunRow): RunResult => ({
  name: row.name,
  specHash: row.spec_hash,
  revision: row.revision,
  state: row.state === 'Executing' ? 'Running' : row.state,
  startedAt: row.started_at.toISOString(),
  ...(row.finished_at && { finishedAt: row.finished_at.toISOString() }),
  read: Number(row.read),
  delivered: Number(row.delivered),
  dropped: Number(row.dropped),
  dead: Number(row.dead),
  ...(row.family && { family: row.family }),
  ...(row.code && { code: row.code }),
  ...(row.message && { message: row.message }),
  ...(row.edition !== null && { edition: row.edition }),
  ...(row.total !== null && {
    done: Number(row.done),
    total: Number(row.total),
    removed: Number(row.removed),
    missing: Number(row.missing),
  }),
  ...(row.diff && { diff: row.diff }),
});

/** What names a run of a pipeline in the store. */
export interface RunId {
  readonly pipelineId: bigint;
  readonly name: string;
  readonly specHash: string;
}

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
      WHERE pipeline_id = $1 AND (state = 'Running' OR (state <> 'Cancelled' AND finished_at > now() - interval '1 hour')) ORDER BY started_at DESC LIMIT 20`,
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

/** A run that a process of its own executes. */
export interface Execution {
  readonly result: RunResult;
  readonly plan: RunPlan;
  readonly startedAt: Date;
}

/**
 * Begins a run of a plan, or takes up the one of this name and spec that was begun, or cancelled; one that has ended is returned as it is. What
 * else was left executing by a process that is gone counts as cancelled: of a pipeline one run is executed at a time.
 */
export async function beginExecution(
  database: Database,
  run: RunId & { readonly revision: string },
  plan: RunPlan,
): Promise<Execution> {
  const { pipelineId, name, specHash, revision } = run;
  const writes = !plan.dryRun && (plan.kind === 'Full' || plan.kind === 'Replay');
  await database.transaction(async (client) => {
    // One after the other: an edition is given once.
    await client.query('SELECT FROM mailmill.pipeline WHERE id = $1 FOR NO KEY UPDATE', [pipelineId]);
    await client.query(
      `INSERT INTO mailmill.run (pipeline_id, name, spec_hash, revision, state, plan, total, edition)
       SELECT $1, $2, $3, $4, 'Executing', $5, 0,
              CASE WHEN $6 THEN (SELECT greatest(1, max(edition)) + 1 FROM mailmill.run WHERE pipeline_id = $1) END
       ON CONFLICT (pipeline_id, name, spec_hash) DO UPDATE SET state = 'Executing', finished_at = NULL WHERE run.state = 'Cancelled'`,
      [pipelineId, name, specHash, revision, JSON.stringify(plan), writes],
    );
    await client.query(
      `UPDATE mailmill.run SET state = 'Cancelled', finished_at = now()
        WHERE pipeline_id = $1 AND state = 'Executing' AND spec_hash <> '' AND (name, spec_hash) <> ($2, $3)
          AND NOT EXISTS (SELECT FROM mailmill.run_lease l JOIN mailmill.worker w ON w.id = l.worker_id
                           WHERE l.pipeline_id = $1 AND w.expires_at > clock_timestamp())`,
      [pipelineId, name, specHash],
    );
  });
  return execution(database, run);
}

async function execution(database: Database, { pipelineId, name, specHash }: RunId): Promise<Execution> {
  const rows = await database.query<RunRow>(
    `SELECT ${columns} FROM mailmill.run WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3`,
    [pipelineId, name, specHash],
  );
  const row = rows[0]!;
  return { result: toResult(row), plan: row.plan ?? incremental, startedAt: row.started_at };
}

/** A run as it stands. */
export const readRun = async (database: Database, run: RunId): Promise<RunResult> =>
  (await execution(database, run)).result;

/** Notes how much a run has to do in all, as far as is known. */
export async function noteTotal(database: Database, run: RunId, total: number): Promise<void> {
  await database.query('UPDATE mailmill.run SET total = $4 WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3', [
    run.pipelineId,
    run.name,
    run.specHash,
    total,
  ]);
}

/** How an execution ended. */
export interface ExecutionEnd {
  readonly state: 'Succeeded' | 'Failed' | 'Cancelled';
  readonly family?: RunResult['family'];
  readonly code?: string;
  readonly message?: string;
  /** Of a dry run, in the place of what was counted on the way. */
  readonly found?: {
    readonly diff: RunDiff;
    readonly read: number;
    readonly delivered: number;
    readonly dropped: number;
    readonly dead: number;
    readonly missing: number;
  };
}

/** Ends an execution; the first end stands. Returns the run as it is in the store. */
export async function endExecution(database: Database, run: RunId, end: ExecutionEnd): Promise<RunResult> {
  const { found } = end;
  await database.query(
    `UPDATE mailmill.run
        SET state = $4, finished_at = now(), family = $5, code = $6, message = $7, total = CASE WHEN $4 = 'Succeeded' THEN done ELSE total END
      WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3 AND state = 'Executing'`,
    [run.pipelineId, run.name, run.specHash, end.state, end.family ?? null, end.code ?? null, end.message ?? null],
  );
  if (found)
    await database.query(
      `UPDATE mailmill.run SET diff = $4, read = $5, delivered = $6, dropped = $7, dead = $8, missing = $9, done = $10, total = $10
        WHERE pipeline_id = $1 AND name = $2 AND spec_hash = $3 AND diff IS NULL`,
      [
        run.pipelineId,
        run.name,
        run.specHash,
        JSON.stringify(found.diff),
        found.read,
        found.delivered,
        found.dropped,
        found.dead,
        found.missing,
        found.read + found.missing,
      ],
    );
  return readRun(database, run);
}
