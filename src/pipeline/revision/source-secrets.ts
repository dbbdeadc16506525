import type { ArchiveSpec } from '../../api/kinds/archive.ts';
import type { ImapSpec } from '../../api/kinds/imap.ts';
import type { S3Spec } from '../../api/kinds/s3.ts';
import type { MailboxSourceSpec } from '../../api/mailbox-source.ts';
import type { SecretKey } from './revision.ts';

/** What of a source names Secrets; defaults need not be filled in. */
export type SecretSource = Pick<MailboxSourceSpec, 'imap' | 's3' | 'encryption'> & {
  readonly archived?: Pick<ArchiveSpec, 's3'>;
};

/** Each key once, sorted by Secret and key. */
export function uniqueKeys(keys: readonly SecretKey[]): readonly SecretKey[] {
  const unique = new Map(keys.map(({ name, key }) => [`${name}/${key}`, { name, key }]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, key]) => key);
}

/** The keys of Secrets that whoever reads this source needs: sorted by name and key, each once. */
export function sourceSecrets({ imap, s3, encryption, archived }: SecretSource): readonly SecretKey[] {
  const keys: SecretKey[] = [];
  if (imap !== undefined) keys.push(...login(imap), ...transport(imap), ...list(imap));
  keys.push(...bucketKeys(s3), ...bucketKeys(archived?.s3));
  if (encryption !== undefined) keys.push({ name: encryption.keyRef.name, key: encryption.keyRef.key ?? 'key' });
  return uniqueKeys(keys);
}

/** Of a bucket whose credentials are in a Secret. */
export const bucketKeys = (bucket: Pick<S3Spec, 'auth'> | undefined): readonly SecretKey[] =>
  bucket?.auth === undefined
    ? []
    : ['accessKeyId', 'secretAccessKey'].map((key) => ({ name: bucket.auth!.secretRef.name, key }));

/**
 * Of these, the keys that workers read again while they run: lists of accounts. They are mounted with the others, as files of a projected volume
 * (never by subPath, which is not updated), and a change of them alone must not replace pods: leave them out of what a rollout is decided by.
 */
export function rereadSecrets({ imap }: Pick<SecretSource, 'imap'>): readonly SecretKey[] {
  const ref = imap?.accounts?.secretRef;
  return ref === undefined ? [] : [{ name: ref.name, key: ref.key ?? 'accounts' }];
}

function list({ accounts }: ImapSpec): readonly SecretKey[] {
  const { secretRef, table } = accounts ?? {};
  return [
    ...(secretRef === undefined ? [] : [{ name: secretRef.name, key: secretRef.key ?? 'accounts' }]),
    ...(table === undefined ? [] : [{ name: table.secretRef.name, key: table.secretRef.key ?? 'uri' }]),
  ];
}

function login({ auth, accounts }: ImapSpec): readonly SecretKey[] {
  if (auth?.secretRef === undefined) return [];
  const { name } = auth.secretRef;
  const of = (...keys: readonly string[]) => keys.map((key) => ({ name, key }));
  // With a list it says whose mail is read, and has what belongs to each.
  const alone = accounts === undefined;
  const username = alone ? of('username') : [];
  if (auth.type !== 'OAuth2')
    return [...username, ...of('password', ...(auth.loginAs === undefined ? [] : ['adminUsername']))];
  const ca = auth.tokenCaSecretRef;
  return [
    ...username,
    ...of('clientId'),
    ...of(...(auth.clientAuthentication === 'None' ? [] : ['clientSecret'])),
    ...of(...(auth.grant === 'RefreshToken' && alone ? ['refreshToken'] : [])),
    ...(ca === undefined ? [] : [{ name: ca.name, key: ca.key ?? 'ca.crt' }]),
  ];
}

function transport({ tls, proxy }: ImapSpec): readonly SecretKey[] {
  const ca = tls?.caSecretRef;
  const pair = tls?.certificateSecretRef?.name;
  const proxyLogin = proxy?.secretRef?.name;
  return [
    ...(ca === undefined ? [] : [{ name: ca.name, key: ca.key ?? 'ca.crt' }]),
    ...(pair === undefined ? [] : ['tls.crt', 'tls.key'].map((key) => ({ name: pair, key }))),
    ...(proxyLogin === undefined ? [] : ['username', 'password'].map((key) => ({ name: proxyLogin, key }))),
  ];
}
