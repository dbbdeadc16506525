import type { ResolvedImap } from '../../api/resolve.ts';
import type { CredentialStore } from '../../store/credentials.ts';
import { stalled } from '../../telemetry/errors.ts';
import type { ProxySettings } from './proxy.ts';
import type { ImapLogin } from './sasl.ts';

/** What logins are made of. */
export interface LoginOptions {
  readonly source: string;
  readonly namespace: string;
  readonly auth: ResolvedImap['auth'];
  /** The key for refresh tokens in the store. */
  readonly keyRef: { readonly name: string; readonly key: string } | undefined;
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly proxy: () => Promise<ProxySettings | undefined>;
  /** Where replaced refresh tokens are kept; absent where there is no store. */
  readonly credentials: CredentialStore | undefined;
  /** Milliseconds of a clock that only goes forward. */
  readonly monotonic: () => number;
  readonly random: () => number;
}

/** An account of a list, with what it brings to its login. */
export interface AccountLogin {
  readonly username: string;
  readonly password?: string;
  readonly refreshToken?: string;
}

/** Logins of a source, from its Secrets as they are at the time. */
export interface Logins {
  /** Whose mail is read, where there is no list: as the Secret says. */
  username(): Promise<string>;
  /**
   * The login now, of the one account, or of one on the list. `refused` is a token that the mail server did not take. Throws `SECRET_*`, `OAUTH_*`,
   * `PROXY_*`, `ENCRYPTION_*`.
   */
  login(signal: AbortSignal, account: AccountLogin | undefined, refused?: string): Promise<ImapLogin>;
  /** Forgets what is known of accounts that are not on the list any more. */
  keep(has: (username: string) => boolean): void;
}

/** Values of keys of one Secret. Throws Stalled `SECRET_EMPTY`, and what `secret` throws. */
export async function readSecret<K extends string>(
  secret: LoginOptions['secret'],
  name: string,
  keys: readonly K[],
): Promise<Readonly<Record<K, string>>> {
  const entries = await Promise.all(keys.map(async (key) => [key, await secret(name, key)] as const));
  const empty = entries.filter(([, value]) => value === '').map(([key]) => key);
  if (empty.length > 0)
    throw stalled('SECRET_EMPTY', `the key ${empty.join(' and ')} of Secret ${name} must not be empty`);
  // One entry a key, as made above.
  return Object.fromEntries(entries) as Record<K, string>;
}

/** Admission wants it where it is used; a revision is not checked again. */
export function secretOf({ secretRef }: LoginOptions['auth']): string {
  if (secretRef === undefined) throw stalled('SECRET_MISSING', 'auth.secretRef is not set; add it');
  return secretRef.name;
}
