// Run by run.sh, untimed, before each full pass: the table's columns, an empty store that is migrated, and what a pod would mount.
import fs from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { loadProject } from '../../../src/commands/run/project.ts';
import { Database } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrate.ts';

const file = (name: string) => fs.readFileSync(new URL(name, import.meta.url), 'utf8');

function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set; run.sh of the peers sets it`);
  return value;
}

const state = setting('STATE');
const address = `${setting('PGHOST')}:${setting('PGPORT')}/${setting('PGDATABASE')}`;
const uri = `postgresql://${setting('PGUSER')}:${setting('PGPASSWORD')}@${address}`;

const client = new pg.Client({ connectionString: uri });
await client.connect();
await client.query(file('table.sql'));
await client.end();
const database = new Database({ uri, max: 1, applicationName: 'peers' });
await migrate(database);
await database.close();

const resources = path.join(state, 'pipeline.yaml');
fs.writeFileSync(resources, file('pipeline.yaml').replace('port: 143', `port: ${setting('IMAP_PORT')}`));
const project = await loadProject([resources], new AbortController().signal);
if ('problems' in project) throw new Error(project.problems.join('\n'));
fs.writeFileSync(path.join(state, 'revision.json'), JSON.stringify(project.pipelines[0]?.revision));
const secrets = { login: { username: setting('IMAP_USER'), password: setting('IMAP_PASSWORD') }, database: { uri } };
for (const [name, keys] of Object.entries(secrets))
  for (const [key, value] of Object.entries(keys)) {
    fs.mkdirSync(path.join(state, 'secrets', name), { recursive: true });
    fs.writeFileSync(path.join(state, 'secrets', name, key), value);
  }
