import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { startTokenServer, type TokenServer } from '../../support/token-server.ts';
import { message, type PodFiles, podFiles, rowsReach, sql, type WorkerProcess } from '../../support/worker.ts';

const clientSecret = 'cl1ent-secret-of-the-app';
const key = randomBytes(32).toString('base64');

let tokens: TokenServer;
let dovecot: Dovecot;
let postgres: Postgres;
let users = 0;
const pods: PodFiles[] = [];
const workers: WorkerProcess[] = [];
/** Everything that workers have said. */
const said: string[] = [];
const clients: Record<string, { readonly secret: string; readonly user: string }> = {};

beforeAll(async () => {
  tokens = await startTokenServer({ clients, rotate: true });
  [dovecot, postgres] = await Promise.all([
    startDovecot({ introspectionUrl: tokens.introspectionUrl }),
    startPostgres(),
  ]);
});
afterEach(async () => {
  tokens.setFault(undefined);
  tokens.setLifetime(3_600);
  for (const worker of workers.splice(0)) {
    worker.kill('SIGKILL');
    await worker.exited;
    said.push(worker.output());
  }
  for (const pod of pods.splice(0)) pod.remove();
  // Whatever happened in the test: none of it is told.
  const words = [...tokens.secrets(), clientSecret, key].filter((secret) => secret !== '');
  for (const word of words) expect(said.join('\n')).not.toContain(word);
});
afterAll(async () => {
  await dovecot?.stop();
  await postgres?.stop();
  await tokens?.[Symbol.asyncDispose]();
});

interface Setup {
  readonly user?: string;
  readonly store?: string;
  readonly pipeline?: string;
  readonly refreshToken?: string;
}

async function setUp({ user = `oauth${++users}@example.org`, pipeline = 'mail', ...setup }: Setup = {}) {
  clients[user] = { secret: clientSecret, user };
  dovecot.makeFolder(user, 'INBOX');
  const store = setup.store ?? (await postgres.createDatabase());
  const refreshToken = setup.refreshToken ?? tokens.signIn(user);
  const pod = podFiles({
    source: {
      imap: {
        host: dovecot.host,
        port: dovecot.port,
        tls: { mode: 'None' },
        auth: {
          type: 'OAuth2',
          grant: 'RefreshToken',
          tokenUrl: tokens.tokenUrl,
          secretRef: { name: 'oauth' },
        },
        pollInterval: '1s',
      },
      encryption: { keyRef: { name: 'sealing' } },
    },
    pipeline: {
      name: pipeline,
      source: { name: 'inbox' },
      sinks: [
        {
          name: 'warehouse',
          postgres: { secretRef: { name: 'sink' }, table: pipeline === 'mail' ? 'emails' : pipeline },
        },
      ],
      storeRef: { name: 'mailmill-store' },
    },
    secrets: {
      oauth: { username: user, clientId: user, clientSecret, refreshToken },
      sealing: { key },
      'mailmill-store': { uri: store },
      sink: { uri: store },
    },
  });
  pods.push(pod);
  let mails = 0;
  return {
    user,
    store,
    pod,
    refreshToken,
    deliver: () => dovecot.deliver(user, 'INBOX', message(`${user}-${++mails}`)),
    start: async () => {
      const worker = await pod.start();
      workers.push(worker);
      return worker;
    },
    /** Refresh tokens that were sent for this user, in their order. */
    sent: () => tokens.requests.filter(({ form }) => form.client_id === user).map(({ form }) => form.refresh_token),
  };
}

/** Rows are there a moment before the worker says that it is connected again. */
const connected = (worker: WorkerProcess) =>
  eventually(async () => (await connectionOf(worker)).connection?.ok === true, 20_000);
const ready = (worker: WorkerProcess) => eventually(async () => (await worker.get('/readyz')).code === 200, 30_000);

/** What a worker shows of its connection; kept, to be looked through for secrets. */
async function connectionOf(worker: WorkerProcess) {
  const status = await worker.status();
  said.push(JSON.stringify(status), (await worker.get('/metrics')).text);
  return { connection: status.pipelines[0]?.accounts[0]?.connection, stalled: status.pipelines[0]?.stalled };
}

async function kill(worker: WorkerProcess): Promise<void> {
  worker.kill('SIGKILL');
  await worker.exited;
}

describe('a refresh token that is good for one use', () => {
  test('is replaced in the store, sealed, and goes on after SIGKILL', async () => {
    const { deliver, start, store, sent, refreshToken } = await setUp();
    deliver();
    const first = await start();
    await rowsReach(store, 1);
    await connectionOf(first);
    await kill(first);
    deliver();
    const second = await start();
    await rowsReach(store, 2);
    await connected(second);
    // Each was sent once: none is used twice, and the Secret's own only by the first worker.
    expect(sent()[0]).toBe(refreshToken);
    expect(new Set(sent()).size).toBe(sent().length);
    expect(sent().length).toBeGreaterThan(1);
    const rows = await sql<{ text: string }>(store, 'SELECT c::text AS text, sealed FROM mailmill.credential c');
    expect(rows).toHaveLength(1);
    const kept = rows.map((row) => JSON.stringify(row)).join('');
    for (const secret of tokens.secrets()) {
      expect(kept).not.toContain(secret);
      expect(kept).not.toContain(Buffer.from(secret).toString('hex'));
    }
  });

  test('is used by one worker at a time, of all that read the source', async () => {
    const one = await setUp();
    const two = await setUp({ ...one, pipeline: 'other' });
    tokens.setLifetime(2);
    const both = await Promise.all([one.start(), two.start()]);
    const connected = async () => {
      for (const worker of both)
        await eventually(async () => (await connectionOf(worker)).connection?.ok === true, 20_000);
    };
    for (const worker of both) await ready(worker);
    // New logins, with tokens that have ended by then: all renew at the same time.
    for (const before = one.sent().length; one.sent().length < before + 4; ) {
      await dovecot.restart();
      await connected();
    }
    expect(new Set(one.sent()).size).toBe(one.sent().length);
    said.push(...both.map((worker) => worker.output()));
    expect(said.join('')).not.toContain('OAUTH_REJECTED');
  });

  test('that was changed in the Secret wins over the one in the store', async () => {
    const { deliver, start, store, sent, pod, user } = await setUp();
    deliver();
    await start();
    await rowsReach(store, 1);
    await kill(workers[0]!);
    const fresh = tokens.signIn(user);
    pod.writeSecret('oauth', 'refreshToken', fresh);
    const before = sent().length;
    deliver();
    const worker = await start();
    await rowsReach(store, 2);
    expect(sent()[before]).toBe(fresh);
    await connectionOf(worker);
  });

  test('that is revoked stalls with what to do, and a new one in the Secret mends it without a restart', async () => {
    const { deliver, start, store, pod, user } = await setUp({ refreshToken: 'revoked-long-ago' });
    deliver();
    const worker = await start();
    await eventually(async () => (await connectionOf(worker)).stalled?.code === 'OAUTH_REJECTED', 30_000);
    const { connection, stalled } = await connectionOf(worker);
    expect(connection).toMatchObject({ ok: false, code: 'OAUTH_REJECTED' });
    expect(stalled?.message).toContain('sign in again');
    expect((await worker.get('/readyz')).code).toBe(503);
    pod.writeSecret('oauth', 'refreshToken', tokens.signIn(user));
    await rowsReach(store, 1);
  });
});

describe('a token endpoint', () => {
  test('that is down at the start is waited for', async () => {
    const { deliver, start, store } = await setUp();
    deliver();
    await tokens.down();
    let worker: WorkerProcess | undefined;
    try {
      worker = await start();
      const down = worker;
      await eventually(async () => (await connectionOf(down)).connection?.code === 'OAUTH_UNREACHABLE', 30_000);
      expect((await connectionOf(down)).stalled).toBeUndefined();
    } finally {
      await tokens.up();
    }
    await rowsReach(store, 1);
    await connected(worker);
  });

  test('that is down later is not missed while the token lasts, new logins included', async () => {
    const { deliver, start, store, sent } = await setUp();
    deliver();
    const worker = await start();
    await rowsReach(store, 1);
    const before = sent().length;
    await tokens.down();
    try {
      deliver();
      await rowsReach(store, 2);
      await dovecot.restart();
      deliver();
      await rowsReach(store, 3);
      expect(sent().length).toBe(before);
      await connected(worker);
    } finally {
      await tokens.up();
    }
  });

  test('gives a new token when the session ends after the old one', async () => {
    tokens.setLifetime(2);
    const { deliver, start, store, sent } = await setUp();
    deliver();
    await start();
    await rowsReach(store, 1);
    const before = sent().length;
    // The mail server ends sessions again and again until the token is over: then the worker comes with another.
    for (let mails = 2; sent().length === before; mails += 1) {
      await dovecot.restart();
      deliver();
      await rowsReach(store, mails);
    }
    expect(new Set(sent()).size).toBe(sent().length);
  });
});
