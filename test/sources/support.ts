import { createHash } from 'node:crypto';
import type { ImapSpec } from '../../src/api/kinds/imap.ts';
import { createSource, type SourceDependencies } from '../../src/sources/registry.ts';
import type { RawMessage, Source, SourceSession } from '../../src/sources/source.ts';
import type { Dovecot } from '../support/dovecot.ts';

/** Nobody stops. */
export const never = new AbortController().signal;

export const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');

/** What sources of these tests are given; UIDs in memory, in the order of their first sight. */
export function dependencies(secrets: Readonly<Record<string, string>> = {}): SourceDependencies {
  const folders = new Map<string, Map<string, number>>();
  return {
    namespace: 'test',
    clock: () => Date.now(),
    secret: async (name, key) => {
      const value = secrets[`${name}/${key}`];
      if (value === undefined) throw new Error(`no secret ${name}/${key}`);
      return value;
    },
    uids: {
      async assign(source, account, folder, keys) {
        const place = `${source} ${account} ${folder}`;
        const known = folders.get(place) ?? new Map<string, number>();
        folders.set(place, known);
        for (const key of keys) if (!known.has(key)) known.set(key, known.size + 1);
        return new Map(keys.map((key) => [key, known.get(key)!]));
      },
      last: async (source, account, folder) => folders.get(`${source} ${account} ${folder}`)?.size ?? 0,
      async keys(source, account, folder, from, to) {
        const known = [...(folders.get(`${source} ${account} ${folder}`) ?? [])];
        return new Map(known.flatMap(([key, uid]) => (uid >= from && uid <= to ? [[uid, key]] : [])));
      },
    },
  };
}

export interface ImapTarget {
  readonly user: string;
  readonly password?: string;
  readonly mode?: 'Implicit' | 'StartTLS' | 'None';
  readonly folders?: ImapSpec['folders'];
  readonly ca?: string;
}

/** The source of a user of a test Dovecot; without TLS unless `mode` says otherwise. */
export function imapSource(
  dovecot: Pick<Dovecot, 'host' | 'port' | 'tlsPort' | 'ca'>,
  target: ImapTarget,
): Promise<Source> {
  const { user, password = 'secret', mode = 'None', folders, ca = dovecot.ca } = target;
  const imap: ImapSpec = {
    host: dovecot.host,
    port: mode === 'Implicit' ? dovecot.tlsPort : dovecot.port,
    tls: mode === 'None' ? { mode } : { mode, ...(ca === '' ? {} : { caSecretRef: { name: 'ca' } }) },
    auth: { secretRef: { name: 'login' } },
    ...(folders === undefined ? {} : { folders }),
  };
  const secrets = { 'login/username': user, 'login/password': password, 'ca/ca.crt': ca };
  return createSource({ name: 'mail', imap }, dependencies(secrets));
}

/** A session of the source's only account. */
export async function openSession(source: Source, signal = never): Promise<SourceSession> {
  const [account] = await source.accounts(signal);
  return source.open(account!, signal);
}

/** Every row of a fetch. */
export async function collect(rows: AsyncIterable<RawMessage>): Promise<RawMessage[]> {
  const messages: RawMessage[] = [];
  for await (const message of rows) messages.push(message);
  return messages;
}

/** The error that a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('did not fail');
}
