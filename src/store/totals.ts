import type { Database } from './database.ts';

/** What a store knows of some pipelines, over all time that retention keeps. */
export interface Totals {
  /** Messages seen in the pipelines' sources. */
  readonly messages: number;
  /** Documents that sinks acknowledged. */
  readonly rows: number;
  /** Unresolved dead letters. */
  readonly dead: number;
}

export async function totals(
  database: Database,
  pipelines: readonly { readonly namespace: string; readonly pipeline: string; readonly sources: readonly string[] }[],
): Promise<Totals> {
  const names = [pipelines.map((p) => p.namespace), pipelines.map((p) => p.pipeline)];
  const rows = await database.query<{ messages: string; rows: string; dead: string }>(
    `WITH named AS (SELECT p.id FROM mailmill.pipeline p JOIN unnest($1::text[], $2::text[]) n (namespace, name) USING (namespace, name))
     SELECT (SELECT count(DISTINCT o.message_id) FROM mailmill.occurrence o JOIN mailmill.epoch e ON e.id = o.epoch_id
               JOIN mailmill.folder f ON f.id = e.folder_id JOIN mailmill.account a ON a.id = f.account_id
               JOIN unnest($3::text[], $4::text[]) s (namespace, source) ON s.namespace = a.namespace AND s.source = a.source) AS messages,
            (SELECT count(DISTINCT (pipeline_id, sink, document_id)) FROM mailmill.delivery
              WHERE status = 'Acknowledged' AND pipeline_id IN (SELECT id FROM named)) AS rows,
            (SELECT count(*) FROM mailmill.dead_letter WHERE resolved_at IS NULL AND pipeline_id IN (SELECT id FROM named)) AS dead`,
    [...names, pipelines.flatMap((p) => p.sources.map(() => p.namespace)), pipelines.flatMap((p) => p.sources)],
  );
  const row = rows[0]!;
  return { messages: Number(row.messages), rows: Number(row.rows), dead: Number(row.dead) };
}
