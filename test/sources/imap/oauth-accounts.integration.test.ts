import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { resolveSource } from '../../../src/api/resolve.ts';
import { createImapSource } from '../../../src/sources/imap/source.ts';
import type { Source } from '../../../src/sources/source.ts';
import { credentialStore } from '../../../src/store/credentials.ts';
import { Database } from '../../../src/store/database.ts';
import { migrate } from '../../../src/store/migrate.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { startTokenServer, type TokenServer } from '../../support/token-server.ts';
import { message, type PodFiles, podFiles, rowsReach, sql, type WorkerProcess } from '../../support/worker.ts';
import { dependencies, never } from '../support.ts';

const app = 'app-1';
const clientSecret = 'cl1ent-secret-of-the-app';
const names = (count: number, word: string) => Array.from({ length: count }, (_, i) => `${word}${i}@example.org`);

let tokens: TokenServer;
/** Takes the application's token for every mailbox, and nothing else. */
let appOnly: Dovecot;
/** Takes a token for the mailbox of who consented. */
let consented: Dovecot;
let postgres: Postgres;
let database: Database;
const open: { readonly pod: PodFiles; readonly worker: WorkerProcess }[] = [];

beforeAll(async () => {
  tokens = await startTokenServer({ clients: { [app]: { secret: clientSecret, user: app } }, rotate: true });
  const { introspectionUrl } = tokens;
  [appOnly, consented, postgres] = await Promise.all([
    startDovecot({ introspectionUrl, application: app }),
    startDovecot({ introspectionUrl }),
    startPostgres(),
  ]);
  database = new Database({ uri: await postgres.createDatabase(), max: 2, applicationName: 'test' });
  await migrate(database);
});
afterAll(async () => {
  await database?.close();
  await Promise.all([appOnly?.stop(), consented?.stop(), postgres?.stop()]);
  await tokens?.[Symbol.asyncDispose]();
});
afterEach(async () => {
  tokens.setLifetime(3_600);
  for (const { pod, worker } of open.splice(0)) {
    worker.kill('SIGKILL');
    await worker.exited;
    pod.remove();
    for (const secret of tokens.secrets()) expect(worker.output()).not.toContain(secret);
  }
});

type Imap = NonNullable<Parameters<typeof podFiles>[0]['source']['imap']>;

/** The `imap` of a source whose accounts log in by tokens of our provider. */
const imap = (server: Dovecot, accounts: NonNullable<Imap['accounts']>, auth: Partial<NonNullable<Imap['auth']>>) =>
  ({
    host: server.host,
    port: server.port,
    tls: { mode: 'None' },
    auth: {
      type: 'OAuth2',
      grant: 'ClientCredentials',
      tokenUrl: tokens.tokenUrl,
      secretRef: { name: 'oauth' },
      ...auth,
    },
    accounts,
  }) as const satisfies Imap;

/** A worker of a pipeline over such a source. */
async function start(spec: Imap, secrets: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const store = await postgres.createDatabase();
  const pod = podFiles({
    pipeline: {
      source: { name: 'team' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'mailmill-store' }, table: 'emails' } }],
    },
    source: { imap: spec, encryption: { keyRef: { name: 'sealing' } } },
    secrets: {
      oauth: { clientId: app, clientSecret },
      sealing: { key: randomBytes(32).toString('base64') },
      'mailmill-store': { uri: store },
      ...secrets,
    },
  });
  const worker = await pod.start();
  open.push({ pod, worker });
  const connected = (count: number) =>
    eventually(async () => (await worker.status()).pipelines[0]?.sources?.[0]?.connected === count, 30_000);
  return { store, connected };
}

const textOf = (of: readonly string[]) => JSON.stringify(of.map((username) => ({ username })));

/** A table of logins, as the database that `logins` names has it. */
async function loginsTable(of: readonly { readonly username: string; readonly refresh_token?: string }[]) {
  const uri = await postgres.createDatabase();
  await sql(uri, 'CREATE TABLE boxes (username text PRIMARY KEY, refresh_token text)');
  for (const { username, refresh_token = null } of of)
    await sql(uri, 'INSERT INTO boxes VALUES ($1, $2)', [username, refresh_token]);
  return { accounts: { table: { secretRef: { name: 'logins' }, table: 'boxes' } }, secrets: { logins: { uri } } };
}

describe("an application's token", () => {
  for (const mechanism of ['XOAUTH2', 'OAUTHBEARER'] as const)
    for (const kind of ['Secret', 'table'] as const)
      test(`opens every mailbox of a ${kind} of accounts with ${mechanism}`, async () => {
        const users = names(3, `${kind}-${mechanism}`.toLowerCase());
        for (const user of users) appOnly.deliver(user, 'INBOX', message(user));
        const { accounts, secrets } =
          kind === 'table'
            ? await loginsTable(users.map((username) => ({ username })))
            : { accounts: { secretRef: { name: 'team' } }, secrets: { team: { accounts: textOf(users) } } };
        const before = tokens.requests.length;
        const { store, connected } = await start(imap(appOnly, accounts, { mechanism }), secrets);
        await rowsReach(store, 3);
        await connected(3);
        for (const user of users) expect(appOnly.logins(user)).toBeGreaterThan(0);
        expect(tokens.requests.length - before).toBe(1);
      });
});

test('refresh tokens in a table of logins are replaced one by one; an account that needs a new token leaves the others connected', async () => {
  const users = names(3, 'person');
  const [over = '', ...others] = users;
  for (const user of users) consented.deliver(user, 'INBOX', message(user));
  const table = await loginsTable(users.map((username) => ({ username, refresh_token: tokens.signIn(app, username) })));
  tokens.setLifetime(2);
  const { store, connected } = await start(imap(consented, table.accounts, { grant: 'RefreshToken' }), table.secrets);
  await rowsReach(store, 3);
  await connected(3);
  const logins = others.map((user) => consented.logins(user));
  // The server ends one account's sessions until its token is over.
  for (const before = tokens.requests.length; tokens.requests.length === before; ) {
    const seen = consented.logins(over);
    await consented.kick(over);
    await eventually(() => consented.logins(over) > seen, 30_000);
  }
  await connected(3);
  expect(others.map((user) => consented.logins(user))).toEqual(logins);
  const sent = tokens.requests.map(({ form }) => form.refresh_token).filter((token) => token !== undefined);
  expect(new Set(sent).size).toBe(sent.length);
  for (const user of users) consented.deliver(user, 'INBOX', message(`later-${user}`));
  await rowsReach(store, 6);
});

describe('a token that is renewed ahead of its end', () => {
  const shared = () => ({ accounts: { secretRef: { name: 'team' } }, server: appOnly, auth: {} }) as const;
  const each = () =>
    ({ accounts: { secretRef: { name: 'team' } }, server: consented, auth: { grant: 'RefreshToken' } }) as const;
  const cases = [
    ['of the application', shared, (users: readonly string[]) => textOf(users)],
    [
      'of one account',
      each,
      (users: readonly string[]) =>
        JSON.stringify(users.map((username) => ({ username, refreshToken: tokens.signIn(app, username) }))),
    ],
  ] as const;
  for (const [whose, target, listOf] of cases)
    test(`${whose} leaves the sessions of all others as they are`, async () => {
      const users = names(3, `ahead-${whose.replaceAll(' ', '-')}`);
      const { accounts, server, auth } = target();
      for (const user of users) server.makeFolder(user, 'INBOX');
      let now = 0;
      const mail = await oauthSource(imap(server, accounts, auth), listOf(users), () => now);
      const [first = '', ...others] = await mail.accounts(never);
      const sessions = await Promise.all(others.map((account) => mail.open(account, never)));
      await (await mail.open(first, never))[Symbol.asyncDispose]();
      const asked = tokens.requests.length;
      // An hour's token has less than five minutes left. It is good still, also where another cannot be had.
      now += 3_310_000;
      await tokens.down();
      const again = await mail.open(first, never).finally(tokens.up);
      await again[Symbol.asyncDispose]();
      expect(tokens.requests.length).toBe(asked);
      now += 31_000;
      await using renewed = await mail.open(first, never);
      expect(tokens.requests.length).toBe(asked + 1);
      for (const session of [renewed, ...sessions]) expect((await session.select('INBOX', never)).exists).toBe(0);
      expect(others.map((user) => server.logins(user))).toEqual([1, 1]);
      for (const session of sessions) await session[Symbol.asyncDispose]();
    });
});

/** Such a source with a clock of the test. */
function oauthSource(spec: Imap, list: string, monotonic: () => number): Promise<Source> {
  const { imap: resolved } = resolveSource({
    apiVersion: 'mailmill.io/v1alpha1',
    kind: 'MailboxSource',
    metadata: { name: 'mail' },
    spec: { imap: spec },
  }).spec;
  if (!resolved) throw new Error('no IMAP source');
  const secrets = {
    'oauth/clientId': app,
    'oauth/clientSecret': clientSecret,
    'team/accounts': list,
    'sealing/key': randomBytes(32).toString('base64'),
  };
  return createImapSource({
    name: 'mail',
    namespace: 'test',
    spec: resolved,
    keyRef: { name: 'sealing', key: 'key' },
    credentials: credentialStore(database, 'test'),
    secret: dependencies(secrets).secret,
    monotonic,
    random: () => 0.5,
  });
}
