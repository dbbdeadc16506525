import pg from 'pg';
import type { RevisionSink } from '../../pipeline/revision.ts';

/** Shows what came out and what to look at next. */
export async function showDemo(
  stream: NodeJS.WritableStream,
  sinks: readonly RevisionSink[],
  secret: (name: string, key: string) => Promise<string>,
  once: boolean,
): Promise<void> {
  const sink = sinks[0];
  if (!sink) return;
  const uri = await secret(sink.postgres.secretRef.name, sink.postgres.secretRef.key ?? 'uri');
  const client = new pg.Client({ connectionString: uri });
  await client.connect();
  try {
    for (const { name, postgres } of sinks) {
      const table = `${client.escapeIdentifier(postgres.schema ?? 'public')}.${client.escapeIdentifier(postgres.table)}`;
      const { rows } = await client.query<Record<string, unknown>>(
        `SELECT * FROM ${table} ORDER BY _mailmill_id DESC LIMIT 5`,
      );
      stream.write(`\nsink ${name}: the newest rows of ${postgres.table}\n`);
      for (const row of rows) stream.write(`  ${preview(row)}\n`);
    }
  } finally {
    await client.end();
  }
  stream.write(`
What to look at next
  ${once ? 'Start it again without --once, then connect' : 'While it runs, connect'} any PostgreSQL client to ${uri}
    SELECT subject, "from"->>'address' AS sender, received_at FROM emails ORDER BY received_at DESC LIMIT 10;
    SELECT "from"->>'domain' AS domain, count(*) FROM emails GROUP BY 1 ORDER BY 2 DESC;
    SELECT * FROM orders;
  Why mail is not there: the same server, database mailmill
    SELECT code, step, detail FROM mailmill.dead_letter;
    SELECT state, step, count(*) FROM mailmill.message GROUP BY 1, 2;
  Your own mailbox
    npm run mailmill -- try imaps://you@imap.example.com/      shows folders and ten messages, writes nothing
    manifests/samples/imap                                     resources to copy and change
    npm run mailmill -- validate my-resources                  checks them
    npm run mailmill -- run my-resources                       runs them
`);
}

function preview(row: Record<string, unknown>): string {
  const shown = Object.entries(row).filter(
    ([name, value]) => !name.startsWith('_mailmill') && value !== null && ['string', 'number'].includes(typeof value),
  );
  return shown
    .filter(([name]) => !['id', 'html', 'text', 'raw_sha256', 'account'].includes(name))
    .slice(0, 6)
    .map(([name, value]) => `${name}=${String(value).replaceAll(/\s+/g, ' ').slice(0, 48)}`)
    .join('  ');
}
