import type { ResolvedImap } from '../../api/resolve.ts';
import { bytes, milliseconds } from '../../api/schema.ts';
import { stalled } from '../../telemetry/errors.ts';
import { cutoffAt } from '../cutoff.ts';
import type { Source, SourceSession } from '../source.ts';
import { ImapConnection, type ImapSettings, type ImapTimeouts } from './connection.ts';
import { ImapSession } from './session.ts';

export interface ImapSourceOptions {
  readonly name: string;
  readonly spec: ResolvedImap;
  /** Reads a key of a Secret in the source's namespace. */
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly timeouts?: Partial<ImapTimeouts>;
}

async function login(options: ImapSourceOptions): Promise<{ readonly user: string; readonly password: string }> {
  const { name } = options.spec.auth.secretRef;
  const [user, password] = await Promise.all([options.secret(name, 'username'), options.secret(name, 'password')]);
  if (user === '' || password === '') {
    throw stalled('SECRET_EMPTY', `the keys username and password of Secret ${name} must not be empty`);
  }
  return { user, password };
}

/** An account on an IMAP server. Secrets are read at each login, so that a changed password is used by the next one. */
export async function createImapSource(options: ImapSourceOptions): Promise<Source> {
  const { name, spec } = options;
  const account = (await login(options)).user;
  const settings = async (): Promise<ImapSettings> => {
    const ca = spec.tls.caSecretRef;
    return {
      host: spec.host,
      port: spec.port,
      mode: spec.tls.mode,
      ...(ca === undefined ? {} : { ca: await options.secret(ca.name, ca.key) }),
      ...(await login(options)),
      ...(options.timeouts === undefined ? {} : { timeouts: options.timeouts }),
    };
  };
  return {
    name,
    accounts: async () => [account],
    connectionsPerAccount: spec.limits.connectionsPerAccount,
    pollMs: milliseconds(spec.pollInterval),
    messageSize: bytes(spec.limits.messageSize),
    cutoff: (now) => cutoffAt(spec.since, now),
    async open(_account, signal): Promise<SourceSession> {
      return new ImapSession(await ImapConnection.open(await settings(), signal), spec.folders);
    },
  };
}
