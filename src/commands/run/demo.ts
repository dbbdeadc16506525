import { join } from 'node:path';
import type { RevisionSink } from '../../pipeline/revision/revision.ts';
import { SteadyClient } from '../../store/steady-client.ts';

const newest = 4;
const cell = 40;

/** What came out and what to look at next, as text. */
export async function showDemo(
  sinks: readonly RevisionSink[],
  secret: (name: string, key: string) => Promise<string>,
  options: { readonly once: boolean },
): Promise<string> {
  const tablesOf = sinks.flatMap(({ postgres }) => postgres ?? []);
  const first = tablesOf[0];
  if (!first) return '';
  const uri = await secret(first.secretRef.name, first.secretRef.key ?? 'uri');
  const client = new SteadyClient({ connectionString: uri });
  await client.connect();
  const tables: string[] = [];
  try {
    for (const postgres of tablesOf) {
      const table = `${client.escapeIdentifier(postgres.schema ?? 'public')}.${client.escapeIdentifier(postgres.table)}`;
      const { rows } = await client.query<Record<string, unknown>>(
        `SELECT * FROM ${table} AS t ORDER BY coalesce(to_jsonb(t)->>'sent_at', to_jsonb(t)->>'date') DESC NULLS LAST LIMIT ${newest}`,
      );
      const { rows: counted } = await client.query<{ count: string }>(`SELECT count(*) FROM ${table}`);
      tables.push(`Table ${postgres.table}, ${counted[0]?.count} rows; the newest:\n${preview(rows)}`);
    }
  } finally {
    await client.end();
  }
  return `
${tables.join('\n\n')}

What to look at next
  ${options.once ? 'Start it again without --once; while it runs, connect' : 'While this runs, connect'} any PostgreSQL client:
    psql '${uri}'
    SELECT date, "from"->>'address' AS sender, subject FROM emails ORDER BY date DESC NULLS LAST LIMIT 10;
    SELECT "from"->>'domain' AS domain, count(*) FROM emails GROUP BY 1 ORDER BY 2 DESC;
    SELECT month, currency, sum(amount) FROM orders GROUP BY 1, 2 ORDER BY 1;
  Which mail is no order, and which could not be read and why:
    psql '${uri.replace(/\/[^/]*$/, '/mailmill')}'
    SELECT state, step, count(*) FROM mailmill.message GROUP BY 1, 2;
    SELECT code, step, detail FROM mailmill.dead_letter;
${options.once ? '' : liveText}  Your own mailbox:
    npm run mailmill -- try imaps://you@imap.example.com/   its folders and ten documents; writes nothing
    manifests/samples/imap                                  resources to copy and change
    npm run mailmill -- validate DIR                        checks them
    npm run mailmill -- run DIR                             runs them
${options.once ? '' : '\nCtrl-C ends it; the next start goes on from here.\n'}`;
}

const mailFile = join('manifests', 'samples', 'demo', 'mail', 'new', 'mine');
const liveText = `  A new message becomes a row at once; in another terminal:
    printf 'From: you@example.org\\nSubject: Order #7 - 12.50 EUR\\n\\nItems: 5\\n' > ${mailFile}
`;

/** Columns that say little in a narrow table. */
const hidden = new Set([
  'id',
  'account',
  'folder',
  'raw_sha256',
  'message_id',
  'html',
  'text',
  'size',
  'received_at',
  'month',
]);

function show(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().slice(0, 16).replace('T', ' ');
  if (typeof value === 'string' || typeof value === 'number') return String(value).replaceAll(/\s+/g, ' ');
  if (typeof value === 'object' && value !== null && 'address' in value) return String(value.address);
  return value === null ? '' : undefined;
}

/** The first columns that can be shown, side by side. */
function preview(rows: readonly Record<string, unknown>[]): string {
  const names = Object.keys(rows[0] ?? {}).filter(
    (name) =>
      !name.startsWith('_mailmill') &&
      !hidden.has(name) &&
      rows.every((row) => show(row[name]) !== undefined) &&
      rows.some((row) => show(row[name]) !== ''),
  );
  const table = [names, ...rows.map((row) => names.map((name) => show(row[name]) ?? ''))].map((cells) =>
    cells.slice(0, 6).map((text) => (text.length > cell ? `${text.slice(0, cell - 1)}…` : text)),
  );
  const widths = names.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  return table
    .map((cells) => `  ${cells.map((text, i) => text.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}
