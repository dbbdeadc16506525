import type { Database } from './database.ts';
import { maxHeaderId } from './kept-append.ts';
import { decompressMail } from './zstd.ts';

/** State of a folder of kept mail, as `select` shows it. */
export interface KeptState {
  readonly folderId: bigint;
  readonly epoch: bigint;
  readonly nextUid: number;
  /** Messages that can be read. */
  readonly messages: number;
}

/** Metadata of a kept message. */
export interface KeptListed {
  readonly uid: number;
  readonly size: number;
  readonly receivedAt: Date;
  readonly objectId: string | undefined;
}

/** Where a kept message has its bytes. */
export interface KeptContent {
  readonly uid: number;
  readonly size: number;
  readonly rawSha256: string;
  readonly prefix: Buffer | undefined;
  /** zstd, of a message whose bytes are in this database; else `frame` says where the archive has it. */
  readonly zstd: Buffer | undefined;
  readonly frame: bigint | undefined;
  /** That it had when it was archived. */
  readonly flags: readonly string[];
}

/** A message that can be read. */
const there = '(k.bytes_uid IS NOT NULL OR k.frame_id IS NOT NULL)';

/** The folders of kept mail of an account, by name; those that no message ever came to included. */
export async function keptFolders(
  database: Database,
  account: { readonly namespace: string; readonly source: string; readonly account: string },
): Promise<ReadonlyMap<string, KeptState>> {
  const rows = await database.query<{
    name: string;
    folder_id: string;
    uidvalidity: string;
    next_uid: string;
    messages: string;
  }>(
    `SELECT f.name, k.folder_id, e.uidvalidity, k.next_uid, k.messages
       FROM mailmill.account a JOIN mailmill.folder f ON f.account_id = a.id JOIN mailmill.kept_folder k ON k.folder_id = f.id
       JOIN mailmill.epoch e ON e.id = k.epoch_id
      WHERE a.namespace = $1 AND a.source = $2 AND a.name = $3 ORDER BY f.name COLLATE "C"`,
    [account.namespace, account.source, account.account],
  );
  return new Map(
    rows.map((row) => [
      row.name,
      {
        folderId: BigInt(row.folder_id),
        epoch: BigInt(row.uidvalidity),
        nextUid: Number(row.next_uid),
        messages: Number(row.messages),
      },
    ]),
  );
}

/** The next position of each of these folders: what a poll asks. */
export async function nextUids(database: Database, folderIds: readonly bigint[]): Promise<ReadonlyMap<bigint, number>> {
  const rows = await database.query<{ folder_id: string; next_uid: string }>(
    'SELECT folder_id, next_uid FROM mailmill.kept_folder WHERE folder_id = ANY($1)',
    [folderIds],
  );
  return new Map(rows.map((row) => [BigInt(row.folder_id), Number(row.next_uid)]));
}

/** Positions of messages that can be read, ascending. */
export async function searchKept(
  database: Database,
  folderId: bigint,
  from: number,
  to: number | undefined,
): Promise<readonly number[]> {
  const rows = await database.query<{ uids: string[] }>(
    `SELECT coalesce(array_agg(k.uid ORDER BY k.uid), '{}') AS uids FROM mailmill.kept_message k
      WHERE k.folder_id = $1 AND k.uid >= $2 AND ($3::bigint IS NULL OR k.uid <= $3) AND ${there}`,
    [folderId, from, to ?? null],
  );
  return rows[0]!.uids.map(Number);
}

/** Metadata of these positions, ascending; what cannot be read any more is left out. */
export async function listKept(
  database: Database,
  folderId: bigint,
  uids: readonly number[],
): Promise<readonly KeptListed[]> {
  const rows = await database.query<{ uid: string; size: string; received_at: Date; object_id: string | null }>(
    `SELECT k.uid, k.size, k.received_at, k.object_id FROM mailmill.kept_message k
      WHERE k.folder_id = $1 AND k.uid = ANY($2) AND ${there} ORDER BY k.uid`,
    [folderId, uids],
  );
  return rows.map((row) => ({
    uid: Number(row.uid),
    size: Number(row.size),
    receivedAt: row.received_at,
    objectId: row.object_id ?? undefined,
  }));
}

/** Where these positions have their bytes, ascending; what cannot be read any more is left out. */
export async function keptContents(
  database: Database,
  folderId: bigint,
  uids: readonly number[],
): Promise<readonly KeptContent[]> {
  const rows = await database.query<{
    uid: string;
    size: string;
    sha: string;
    prefix: Buffer | null;
    zstd: Buffer | null;
    frame_id: string | null;
    flags: string | null;
  }>(
    `SELECT k.uid, k.size, encode(k.raw_sha256, 'hex') AS sha, k.prefix, b.zstd, k.frame_id, k.flags
       FROM mailmill.kept_message k LEFT JOIN mailmill.kept_bytes b ON b.folder_id = k.folder_id AND b.uid = k.bytes_uid
      WHERE k.folder_id = $1 AND k.uid = ANY($2) AND ${there} ORDER BY k.uid`,
    [folderId, uids],
  );
  return rows.map((row) => ({
    uid: Number(row.uid),
    size: Number(row.size),
    rawSha256: row.sha,
    prefix: row.prefix ?? undefined,
    zstd: row.zstd ?? undefined,
    frame: row.frame_id === null ? undefined : BigInt(row.frame_id),
    flags: row.flags?.split(' ') ?? [],
  }));
}

/** The whole message of bytes that are in this database. */
export async function inlineRaw({ prefix, zstd }: KeptContent): Promise<Buffer | undefined> {
  if (!zstd) return undefined;
  const bytes = await decompressMail(zstd);
  return prefix ? Buffer.concat([prefix, bytes]) : bytes;
}

/** Messages with this Message-ID, by folder of the account. */
export async function findKept(
  database: Database,
  account: { readonly namespace: string; readonly source: string; readonly account: string },
  messageId: string,
): Promise<
  readonly { readonly folder: string; readonly epoch: bigint; readonly uid: number; readonly receivedAt: Date }[]
> {
  const rows = await database.query<{ name: string; uidvalidity: string; uid: string; received_at: Date }>(
    `SELECT f.name, e.uidvalidity, k.uid, k.received_at
       FROM mailmill.account a JOIN mailmill.folder f ON f.account_id = a.id JOIN mailmill.kept_folder kf ON kf.folder_id = f.id
       JOIN mailmill.epoch e ON e.id = kf.epoch_id JOIN mailmill.kept_message k ON k.folder_id = f.id
      WHERE a.namespace = $1 AND a.source = $2 AND a.name = $3 AND k.header_id = $4 AND ${there}
      ORDER BY f.name COLLATE "C", k.uid`,
    [account.namespace, account.source, account.account, messageId.slice(0, maxHeaderId)],
  );
  return rows.map((row) => ({
    folder: row.name,
    epoch: BigInt(row.uidvalidity),
    uid: Number(row.uid),
    receivedAt: row.received_at,
  }));
}
