import { createSecureContext } from 'node:tls';
import type { ResolvedImap } from '../../api/resolve.ts';
import { bytes, milliseconds } from '../../api/schema.ts';
import type { CredentialStore } from '../../store/credentials.ts';
import { MailmillError, stalled } from '../../telemetry/errors.ts';
import { cutoffAt } from '../cutoff.ts';
import { isOpen } from '../folder-patterns.ts';
import type { Source, SourceSession } from '../source.ts';
import type { AccountEntry } from './account-entries.ts';
import { ImapConnection, type ImapTimeouts, type ImapTransport } from './connection.ts';
import { createLogins } from './login.ts';
import { LoginGate } from './login-gate.ts';
import { type Logins, readSecret } from './login-options.ts';
import type { ProxySettings } from './proxy.ts';
import { ImapSession } from './session.ts';
import { Vanished } from './vanished.ts';

export interface ImapSourceOptions {
  readonly name: string;
  readonly namespace: string;
  readonly spec: ResolvedImap;
  /** Reads a key of a Secret in the source's namespace. */
  readonly secret: (name: string, key: string) => Promise<string>;
  /** Of `spec.encryption`. */
  readonly keyRef?: { readonly name: string; readonly key: string };
  /** Where refresh tokens are kept that the provider replaces. */
  readonly credentials?: CredentialStore;
  readonly timeouts?: Partial<ImapTimeouts>;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonic?: () => number;
  readonly random?: () => number;
}

async function proxyOf({ spec: { proxy }, secret }: ImapSourceOptions): Promise<ProxySettings | undefined> {
  if (proxy === undefined) return undefined;
  if (proxy.secretRef === undefined) return { url: proxy.url };
  const { username: user, password } = await readSecret(secret, proxy.secretRef.name, ['username', 'password']);
  return { url: proxy.url, user, password };
}

/** Client certificate and key. Throws Stalled `IMAP_CERTIFICATE_INVALID`. */
async function certificateOf({ spec: { tls }, secret }: ImapSourceOptions) {
  if (tls.certificateSecretRef === undefined) return undefined;
  const { name } = tls.certificateSecretRef;
  const { 'tls.crt': cert, 'tls.key': key } = await readSecret(secret, name, ['tls.crt', 'tls.key']);
  try {
    createSecureContext({ cert, key });
  } catch (cause) {
    throw stalled(
      'IMAP_CERTIFICATE_INVALID',
      `tls.crt and tls.key of Secret ${name} are no PEM certificate with its key; correct them`,
      { cause },
    );
  }
  return { cert, key };
}

async function transportOf(options: ImapSourceOptions): Promise<ImapTransport> {
  const { host, port, tls } = options.spec;
  const ca = tls.caSecretRef;
  const certificate = await certificateOf(options);
  const proxy = await proxyOf(options);
  return {
    host,
    port,
    mode: tls.mode,
    ...(ca === undefined ? {} : { ca: await options.secret(ca.name, ca.key) }),
    ...(certificate && { certificate }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...(proxy && { proxy }),
    ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
    messageSize: bytes(options.spec.limits.messageSize),
  };
}

const dailyLimits = ({ bytesPerDay, messagesPerDay }: ResolvedImap['limits']) => ({
  ...(bytesPerDay !== undefined && { bytes: bytes(bytesPerDay) }),
  ...(messagesPerDay !== undefined && { messages: messagesPerDay }),
});

/** A password of a list stands there, not in the Secret of `auth`. */
function ofList(error: unknown): unknown {
  if (!(error instanceof MailmillError && error.code === 'IMAP_AUTH_REJECTED')) return error;
  const message =
    'the server rejected user name or password of an account; correct its entry on the list that imap.accounts names';
  return stalled(error.code, message, { cause: error.cause });
}

/** Connects and logs in; a token that the server does not take any more is renewed once. */
async function connect(
  transport: ImapTransport,
  logins: Logins,
  account: AccountEntry | undefined,
  signal: AbortSignal,
): Promise<ImapConnection> {
  const login = await logins.login(signal, account);
  try {
    return await ImapConnection.open({ ...transport, ...login }, signal);
  } catch (error) {
    if (account?.password !== undefined) throw ofList(error);
    const refused = error instanceof MailmillError && error.code === 'IMAP_TOKEN_REJECTED';
    if (!refused || login.token === undefined) throw error;
    const next = await logins.login(signal, account, login.token);
    if (next.token === login.token) throw error;
    return ImapConnection.open({ ...transport, ...next }, signal);
  }
}

/** Logins to one server that are under way at the same time, of one worker. */
const loginsAtOnce = 16;

/** Whose mail is read. */
interface Whose extends Pick<Source, 'accounts' | 'relist'> {
  /** What an account brings to its login; undefined: all stands in the Secret of `auth`. */
  entry(account: string): AccountEntry | undefined;
}

async function whose({ spec: { accounts: spec, auth }, secret }: ImapSourceOptions, logins: Logins): Promise<Whose> {
  if (spec === undefined) {
    const account = await logins.username();
    return { accounts: async () => [account], entry: () => undefined };
  }
  const { createAccounts } = await import('./accounts.ts');
  const list = createAccounts({ accounts: spec, auth, secret });
  const relist = async (signal: AbortSignal) => {
    const read = await list.read(signal);
    logins.keep(list.has);
    return read;
  };
  return {
    accounts: async (signal) => (await relist(signal)).accounts.map((account) => account.name),
    relist,
    entry: list.entry,
  };
}

/** An account on an IMAP server, or a list of them. Secrets are read at each login, so that a changed password is used by the next one. */
export async function createImapSource(options: ImapSourceOptions): Promise<Source> {
  const { name, namespace, spec, secret } = options;
  const logins = await createLogins({
    source: name,
    namespace,
    auth: spec.auth,
    keyRef: options.keyRef,
    secret,
    proxy: () => proxyOf(options),
    credentials: options.credentials,
    monotonic: options.monotonic ?? (() => performance.now()),
    random: options.random ?? Math.random,
  });
  const { entry, ...accounts } = await whose(options, logins);
  const gate = new LoginGate(loginsAtOnce);
  return {
    name,
    ...accounts,
    connectionsPerAccount: spec.limits.connectionsPerAccount,
    pollMs: milliseconds(spec.pollInterval),
    newFolders: spec.folders.include.some(isOpen),
    messageSize: bytes(spec.limits.messageSize),
    backfillOrder: spec.backfill.order,
    perDay: dailyLimits(spec.limits),
    cutoff: (now) => cutoffAt(spec.since, now),
    async open(account, signal, { vanished = false } = {}): Promise<SourceSession> {
      const connection = await gate.run(signal, async () =>
        connect(await transportOf(options), logins, entry(account), signal),
      );
      try {
        const told = vanished ? await Vanished.watch(connection, signal) : undefined;
        return new ImapSession(connection, spec.folders, spec.preset === 'gmail', told);
      } catch (error) {
        await connection.close();
        throw error;
      }
    },
  };
}
