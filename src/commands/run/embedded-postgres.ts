import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SteadyClient } from '../../store/steady-client.ts';
import { MailmillError, stalled, transient } from '../../telemetry/errors.ts';
import { type PostgresBinaries, postgresBinaries, type ServerAccount, serverAccount } from './postgres-binaries.ts';
import { type PostgresServer, startServer } from './postgres-server.ts';
import { runProgram } from './processes.ts';
import { lockState } from './state-lock.ts';

/** A PostgreSQL server that runs as long as this process, and its data for longer. */
export interface EmbeddedDatabase {
  /** URI of a database of this name; made when it does not exist. */
  uri(database: string): Promise<string>;
  /** Aborted, with a MailmillError, when the server ends by itself. */
  readonly lost: AbortSignal;
  stop(): Promise<void>;
  /** Tells the server to end without waiting for it. */
  kill(): void;
}

const user = 'mailmill';
/** PostgreSQL refuses to run as root, and its account cannot look into root's home. */
const rootState = '/var/lib/mailmill';
/** Milliseconds that the server of another process has to answer. */
const joinMs = 10_000;

/** Where state is kept when nobody says: apart for each directory of resources. */
export function defaultStateDirectory(directory: string, env: Readonly<Record<string, string | undefined>>): string {
  const id = createHash('sha256').update(resolve(directory)).digest('hex').slice(0, 12);
  const home = join(env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state'), 'mailmill');
  return join(process.getuid?.() === 0 ? rootState : home, id);
}

/** Whether a TCP port of the loopback address can be had now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const server = createServer();
    server.on('error', () => done(false));
    server.listen(port, '127.0.0.1', () => server.close(() => done(true)));
  });
}

/** A TCP port of the loopback address that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((done, failed) => {
    const server = createServer();
    server.on('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? done(address.port) : failed(new Error('no port'))));
    });
  });
}

interface Login {
  readonly port: number;
  readonly password: string;
}

/** Password and port of the server, the same each time so that a URI in somebody's notes stays right; another port when it is taken. */
async function login(file: string): Promise<Login> {
  const known = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Login) : undefined;
  if (known && (await isFree(known.port))) return known;
  const fresh = { port: await freePort(), password: known?.password ?? randomBytes(18).toString('base64url') };
  writeFileSync(file, JSON.stringify(fresh), { mode: 0o600 });
  return fresh;
}

async function prepareDirectory(directory: string, account: ServerAccount | undefined): Promise<void> {
  try {
    mkdirSync(directory, { recursive: true, mode: account ? 0o711 : 0o700 });
    if (!account) return;
    const canEnter = async () =>
      (await runProgram('/bin/sh', ['-c', 'cd "$1"', 'sh', directory], { ...account, cwd: '/', env: {} })).code === 0;
    if (await canEnter()) return;
    chmodSync(directory, (statSync(directory).mode & 0o7777) | 0o011);
    if (await canEnter()) return;
  } catch (error) {
    throw stalled(
      'STATE_UNWRITABLE',
      `cannot write to ${directory}; choose another directory with --state DIR, or name a server with --store URI`,
      { cause: error },
    );
  }
  throw stalled(
    'STATE_UNREACHABLE',
    `the account postgres, which runs the embedded PostgreSQL for root, may not enter ${directory}; choose a directory outside of closed ones with --state DIR (default: below ${rootState})`,
  );
}

/** Makes a cluster in `data`, whole or not at all. */
async function initialise(
  data: string,
  password: string,
  binaries: PostgresBinaries,
  account: ServerAccount | undefined,
  signal: AbortSignal,
): Promise<void> {
  const partial = `${data}.new`;
  const passwordFile = `${data}.password`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { mode: 0o700 });
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 });
  if (account) for (const path of [partial, passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    const { code, words } = await runProgram(
      binaries.initdb,
      [
        ...[`--pgdata=${partial}`, `--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
        ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
      ],
      { ...account, cwd: '/', env: {}, signal, detached: true },
    );
    signal.throwIfAborted();
    if (code !== 0)
      throw transient('EMBEDDED_POSTGRES_FAILED', `the embedded PostgreSQL could not be set up in ${data}: ${words}`);
    renameSync(partial, data);
  } finally {
    rmSync(passwordFile, { force: true });
    rmSync(partial, { recursive: true, force: true });
  }
}

/** A server whose mailmill was killed ends by itself; this waits for it. */
async function previousServerEnded(data: string, signal: AbortSignal): Promise<void> {
  for (const end = Date.now() + 10_000; Date.now() < end; await delay(100, undefined, { signal }))
    try {
      process.kill(Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]), 0);
    } catch {
      return; // no such file, or no such process
    }
}

async function createDatabase(server: string, name: string): Promise<void> {
  const client = new SteadyClient({ connectionString: server });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

const urlOf =
  ({ port, password }: Login) =>
  (database: string): string =>
    `postgresql://${user}:${password}@127.0.0.1:${port}/${encodeURIComponent(database)}`;

/** The server's databases by name, each made when it is asked for and does not exist. */
function databasesOf(url: (database: string) => string): EmbeddedDatabase['uri'] {
  const made = new Map<string, Promise<void>>();
  return async (database) => {
    const making = made.get(database) ?? createDatabase(url('postgres'), database);
    made.set(database, making);
    await making;
    return url(database);
  };
}

/**
 * The embedded PostgreSQL over a state directory, for a look: the one that a `mailmill run` has running there, else one of our own. Throws as
 * `startEmbeddedPostgres` does.
 */
export async function reachEmbeddedPostgres(
  ...[directory, note, signal]: Parameters<typeof startEmbeddedPostgres>
): Promise<EmbeddedDatabase> {
  try {
    return await startEmbeddedPostgres(directory, note, signal);
  } catch (error) {
    if (!(error instanceof MailmillError && error.code === 'STATE_IN_USE')) throw error;
    return await joinServer(directory, error, signal);
  }
}

/** The server of another process, which may be starting; `busy` is thrown when it does not answer in time. */
async function joinServer(directory: string, busy: MailmillError, signal: AbortSignal): Promise<EmbeddedDatabase> {
  for (const end = Date.now() + joinMs; Date.now() < end; await delay(200, undefined, { signal }))
    try {
      const url = urlOf(JSON.parse(readFileSync(join(directory, 'server.json'), 'utf8')) as Login);
      const uri = databasesOf(url);
      await uri('mailmill');
      return { uri, lost: new AbortController().signal, stop: async () => undefined, kill: () => undefined };
    } catch (cause) {
      busy.cause = cause;
    }
  throw busy;
}

/**
 * Starts the embedded PostgreSQL over `state`, which belongs to this process until `stop`. `note` gets lines for the user. Throws
 * MailmillErrors: STATE_IN_USE, STATE_UNWRITABLE, STATE_UNREACHABLE, EMBEDDED_POSTGRES_….
 */
export async function startEmbeddedPostgres(
  state: string,
  note: (line: string) => void,
  signal: AbortSignal,
): Promise<EmbeddedDatabase> {
  const directory = resolve(state); // the server is started elsewhere
  if (process.platform === 'win32')
    throw stalled(
      'EMBEDDED_POSTGRES_MISSING',
      'there is no embedded PostgreSQL on Windows; name a server with --store URI',
    );
  const account = await serverAccount();
  await prepareDirectory(directory, account);
  const lock = await lockState(directory);
  let server: PostgresServer;
  let url: (database: string) => string;
  try {
    const binaries = await postgresBinaries(account, account ? rootState : directory, note);
    const data = join(directory, 'cluster');
    await previousServerEnded(data, signal);
    const known = await login(join(directory, 'server.json'));
    if (!existsSync(data)) await initialise(data, known.password, binaries, account, signal);
    server = await startServer(
      { postgres: binaries.postgres, data, port: known.port, account, cwd: directory },
      signal,
    );
    url = urlOf(known);
  } catch (error) {
    lock.release();
    if (error instanceof MailmillError || signal.aborted) throw error;
    throw transient('EMBEDDED_POSTGRES_FAILED', `the embedded PostgreSQL did not start; its state is in ${directory}`, {
      cause: error,
    });
  }
  return {
    lost: server.lost,
    uri: databasesOf(url),
    stop: async () => {
      await server.stop();
      lock.release();
    },
    kill: server.kill,
  };
}
