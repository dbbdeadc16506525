import type { Database } from './database.ts';

/** Which credential: of an account of a source, derived from one value of its Secret. */
export interface CredentialKey {
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
  /** SHA-256 over the value in the Secret; 32 bytes. */
  readonly secretHash: Buffer;
}

/** A credential that this holder alone may renew now. */
export interface ClaimedCredential {
  /** What the provider gave last, sealed; absent: the Secret's value still holds. */
  readonly sealed?: Buffer;
}

/** Rows of other values of a Secret are kept this long: a change may be taken back. */
const keptDays = 30;

/**
 * Claims a credential for `ms` milliseconds of the database's clock; undefined: somebody else renews it now. Claiming again prolongs.
 */
export async function claimCredential(
  database: Database,
  key: CredentialKey,
  holder: string,
  ms: number,
): Promise<ClaimedCredential | undefined> {
  const rows = await database.query<{ sealed: Buffer | null }>(
    `INSERT INTO mailmill.credential AS c (namespace, source, account, secret_hash, holder, held_until)
     VALUES ($1, $2, $3, $4, $5, clock_timestamp() + $6 * interval '1 millisecond')
     ON CONFLICT (namespace, source, account, secret_hash) DO UPDATE
        SET holder = excluded.holder, held_until = excluded.held_until
      WHERE c.holder IS NULL OR c.holder = excluded.holder OR c.held_until < clock_timestamp()
     RETURNING sealed`,
    [key.namespace, key.source, key.account, key.secretHash, holder, ms],
  );
  const [row] = rows;
  return row && { ...(row.sealed && { sealed: row.sealed }) };
}

/**
 * Keeps what the provider gave. False: the claim was lost meanwhile, and somebody else has kept something; nothing is changed. Where nobody has,
 * this is the one that the provider takes from now on.
 *
 * @param from as it was claimed.
 */
export async function saveCredential(
  database: Database,
  key: CredentialKey,
  holder: string,
  sealed: Buffer,
  from: Buffer | undefined,
): Promise<boolean> {
  const rows = await database.query(
    `UPDATE mailmill.credential SET sealed = $6, updated_at = now()
      WHERE namespace = $1 AND source = $2 AND account = $3 AND secret_hash = $4
        AND (holder = $5 OR sealed IS NOT DISTINCT FROM $7) RETURNING true`,
    [key.namespace, key.source, key.account, key.secretHash, holder, sealed, from ?? null],
  );
  if (rows.length === 0) return false;
  await database.query(
    `DELETE FROM mailmill.credential
      WHERE namespace = $1 AND source = $2 AND account = $3 AND secret_hash <> $4
        AND updated_at < now() - $5 * interval '1 day' AND (held_until IS NULL OR held_until < clock_timestamp())`,
    [key.namespace, key.source, key.account, key.secretHash, keptDays],
  );
  return true;
}

/** Lets others renew. */
export async function releaseCredential(database: Database, key: CredentialKey, holder: string): Promise<void> {
  await database.query(
    `UPDATE mailmill.credential SET holder = NULL, held_until = NULL
      WHERE namespace = $1 AND source = $2 AND account = $3 AND secret_hash = $4 AND holder = $5`,
    [key.namespace, key.source, key.account, key.secretHash, holder],
  );
}

/** The credentials of one namespace, as sources use them. */
export interface CredentialStore {
  claim(key: StoredKey, holder: string, ms: number): Promise<ClaimedCredential | undefined>;
  save(key: StoredKey, holder: string, sealed: Buffer, from: Buffer | undefined): Promise<boolean>;
  release(key: StoredKey, holder: string): Promise<void>;
}

/** A `CredentialKey` within a namespace. */
export type StoredKey = Omit<CredentialKey, 'namespace'>;

/** The credentials of a namespace in this store. */
export function credentialStore(database: Database, namespace: string): CredentialStore {
  return {
    claim: (key, holder, ms) => claimCredential(database, { namespace, ...key }, holder, ms),
    save: (key, holder, sealed, from) => saveCredential(database, { namespace, ...key }, holder, sealed, from),
    release: (key, holder) => releaseCredential(database, { namespace, ...key }, holder),
  };
}
