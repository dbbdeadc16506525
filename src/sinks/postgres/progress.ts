import type pg from 'pg';
import { type MailmillError, transient } from '../../telemetry/errors.ts';
import type { Progress, ProgressKey } from '../sink.ts';
import { progressKeyColumns, progressTable, qualified, quoted } from './statements.ts';

/** A progress row as it stands, with the commit that wrote it last. */
export interface Recorded {
  readonly progress: Progress;
  readonly attempt: string;
}

/** A string for each key, equal for equal keys. */
export const keyText = (key: ProgressKey): string =>
  JSON.stringify([key.namespace, key.pipeline, key.sink, key.source, key.account, key.folder, String(key.epoch)]);

/** One entry a key, the one with the highest version, in one order for all writers: they lock rows in it. */
export function inLockOrder(progress: readonly Progress[]): readonly Progress[] {
  const byKey = new Map<string, Progress>();
  for (const each of progress) {
    const text = keyText(each.key);
    const other = byKey.get(text);
    if (other === undefined || each.version >= other.version) byKey.set(text, each);
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}

const keyNames = progressKeyColumns.map(quoted).join(', ');
const keyArrays = '$1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[]';

const keyParams = (keys: readonly ProgressKey[]): unknown[] => [
  keys.map((key) => key.namespace),
  keys.map((key) => key.pipeline),
  keys.map((key) => key.sink),
  keys.map((key) => key.source),
  keys.map((key) => key.account),
  keys.map((key) => key.folder),
  keys.map((key) => String(key.epoch)),
];

interface ProgressRow {
  /** Position of the key, from 1; null in a row that stands for none. */
  readonly i: string | null;
  readonly version: string;
  readonly token: string;
  readonly attempt: string;
}

const select = (schema: string, lock: boolean) =>
  `SELECT k.i, p.version, p.token, p.attempt
       FROM unnest(${keyArrays}) WITH ORDINALITY AS k (${keyNames}, i)
       JOIN ${qualified({ schema, table: progressTable })} AS p USING (${keyNames})
      ORDER BY k.i${lock ? ' FOR UPDATE OF p' : ''}`;

function inKeyOrder(keys: readonly ProgressKey[], rows: readonly ProgressRow[]): (Recorded | undefined)[] {
  const found: (Recorded | undefined)[] = keys.map(() => undefined);
  for (const { i, version, token, attempt } of rows) {
    const index = Number(i) - 1;
    const key = keys[index];
    if (key) found[index] = { progress: { key, version: BigInt(version), token: BigInt(token) }, attempt };
  }
  return found;
}

/** Progress of these keys in their order, undefined where there is none. */
export async function readProgress(
  client: pg.ClientBase,
  schema: string,
  keys: readonly ProgressKey[],
): Promise<(Recorded | undefined)[]> {
  const result = await client.query<ProgressRow>(select(schema, false), keyParams(keys));
  return inKeyOrder(keys, result.rows);
}

const params = (progress: readonly Progress[], attempt: string): unknown[] => [
  ...keyParams(progress.map(({ key }) => key)),
  progress.map(({ version }) => String(version)),
  progress.map(({ token }) => String(token)),
  attempt,
];

const insert = (schema: string) =>
  `INSERT INTO ${qualified({ schema, table: progressTable })} AS p (${keyNames}, version, token, attempt)
SELECT ${keyNames}, version, token, $10::uuid
  FROM unnest(${keyArrays}, $8::bigint[], $9::bigint[]) AS k (${keyNames}, version, token)`;

/** Somebody with a newer lease has written: everything this writer has in flight is void. */
export const fencedError = (): MailmillError =>
  transient(
    'SINK_FENCED',
    'another worker with a newer lease has written to this sink; work in flight was dropped and nothing was lost',
  );

const writeOver = `ON CONFLICT (${keyNames}) DO UPDATE
SET version = excluded.version, token = excluded.token, attempt = excluded.attempt, written_at = excluded.written_at
WHERE p.token <= excluded.token`;

/**
 * Writes progress, `progress` being in lock order, inside the caller's transaction. Returns what it was before, as `readProgress` does.
 *
 * @throws Transient `SINK_FENCED` when one of the rows has a newer token.
 */
export async function upsertProgress(
  client: pg.ClientBase,
  schema: string,
  progress: readonly Progress[],
  attempt: string,
): Promise<(Recorded | undefined)[]> {
  // One way to the database: the rows are read, and locked in their order, before the statement writes to them.
  const result = await client.query<ProgressRow & { written: string | null }>(
    `WITH before AS (${select(schema, true)}),
  read AS (SELECT count(*) FROM before),
  written AS (${insert(schema)}, read ${writeOver} RETURNING 1)
SELECT before.*, (SELECT count(*) FROM written) AS written FROM (VALUES (1)) AS one LEFT JOIN before ON true`,
    params(progress, attempt),
  );
  if (Number(result.rows[0]?.written) !== progress.length) throw fencedError();
  return inKeyOrder(
    progress.map(({ key }) => key),
    result.rows,
  );
}

/** Writes progress where there is none. */
export async function insertProgress(
  client: pg.ClientBase,
  schema: string,
  progress: readonly Progress[],
  attempt: string,
): Promise<void> {
  await client.query(`${insert(schema)} ON CONFLICT (${keyNames}) DO NOTHING`, params(progress, attempt));
}

/**
 * What this process last saw of each progress row. A row that has since gone back was lost with the rows that were committed with
 * it: the database was restored, or its standby took over without the last transactions.
 */
export class Lineage {
  readonly #seen = new Map<string, Recorded>();

  see(key: ProgressKey, recorded: Recorded | undefined): void {
    if (recorded === undefined) this.#seen.delete(keyText(key));
    else this.#seen.set(keyText(key), recorded);
  }

  forget(keys: readonly ProgressKey[]): void {
    for (const key of keys) this.#seen.delete(keyText(key));
  }

  /** @throws Transient `SINK_REWOUND` when `now` is older than what was seen before. */
  check(key: ProgressKey, now: Recorded | undefined): void {
    const before = this.#seen.get(keyText(key));
    if (before === undefined) return;
    const lost =
      now === undefined ||
      now.progress.version < before.progress.version ||
      (now.progress.version === before.progress.version &&
        now.progress.token === before.progress.token &&
        now.attempt !== before.attempt);
    if (lost)
      throw transient(
        'SINK_REWOUND',
        "the sink's database went back to an earlier state (a restore, or a failover that lost transactions); progress is read again and the missing range is fed again",
      );
  }
}
