import { sql } from './worker.ts';

/**
 * Gives a database, before anything is in it, a clock that goes ahead of the server's, so that midnight (UTC) comes in `ms`. Returns the URI of
 * those whose `now()` and `clock_timestamp()` are that clock's.
 */
export async function beforeMidnight(uri: string, ms: number): Promise<string> {
  const ahead = 86_400_000 - (Date.now() % 86_400_000) - ms;
  await sql(uri, 'CREATE SCHEMA clock');
  for (const [name, kind] of [
    ['now', 'STABLE'],
    ['clock_timestamp', 'VOLATILE'],
  ] as const)
    await sql(
      uri,
      `CREATE FUNCTION clock.${name}() RETURNS timestamptz LANGUAGE sql ${kind}
         AS $$ SELECT pg_catalog.${name}() + interval '${ahead} milliseconds' $$`,
    );
  const url = new URL(uri);
  // What comes before pg_catalog is found first.
  url.searchParams.set('options', '-c search_path=clock,pg_catalog,public');
  return url.href.replaceAll('+', '%20');
}
