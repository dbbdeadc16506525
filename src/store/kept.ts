import type { Database } from './database.ts';
import { accountId, folderId } from './names.ts';

/**
 * A folder of kept mail. Positions are given in the order of commit under the lock of its row, so a position that can be seen is above
 * every one that was given before it: a reader's cursor never passes one that could still appear.
 */
export interface KeptFolder {
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly folderId: bigint;
  readonly epochId: bigint;
  /** What sessions show as UIDVALIDITY: seconds since 1970 when the folder was made, so that one that was purged and comes again is another. */
  readonly epoch: bigint;
}

export interface KeptPlace {
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
}

/** How a message came to a listener; kept as JSON. */
export interface KeptEnvelope {
  readonly kind: 'smtp' | 'lmtp' | 'http';
  /** MAIL FROM; empty: the null sender. */
  readonly mailFrom?: string;
  /** The one RCPT TO of this copy. */
  readonly rcptTo?: string;
  readonly clientAddress?: string;
  /** HELO or EHLO. */
  readonly helo?: string;
  /** `TLSv1.3`. */
  readonly tls?: string;
}

/** One message to add; one a recipient where it came for several. */
export interface NewKept {
  /** 32 bytes: what makes a second delivery the same one. */
  readonly key: Buffer;
  /** Of the whole message, prefix included; hex. */
  readonly rawSha256: string;
  /** Bytes of the whole message. */
  readonly size: number;
  readonly receivedAt: Date;
  /** Message-ID without angle brackets. */
  readonly headerId?: string;
  readonly envelope?: KeptEnvelope;
  /** Header fields that stand before the bytes. */
  readonly prefix?: Buffer;
  /** Where its bytes are: zstd to be written here (copies that share a Buffer share a row), or a frame of an archive. */
  readonly content: { readonly zstd: Buffer } | { readonly frame: bigint };
  /** Where an archived message was first seen. */
  readonly origin?: { readonly epochId: bigint; readonly uid: number };
  /** IMAP flags that an archived message had when it was read. */
  readonly flags?: readonly string[];
  /** EMAILID or X-GM-MSGID; readers of the folder are told of it. */
  readonly objectId?: string;
  /**
   * `Mint`: its identity is frozen now, from its position here. A UUID: the message has that identity already, and a pipeline that has read
   * it elsewhere does not deliver it again. Absent: whoever reads it first resolves it (object id, orphans with the same bytes, else new).
   */
  readonly messageId?: 'Mint' | (string & {});
}

/** What became of one of them. */
export type Appended =
  | { readonly state: 'Kept'; readonly uid: number; readonly messageId: string | undefined }
  /** The key was seen within the window; `sameBytes`: with these bytes. */
  | {
      readonly state: 'Repeated';
      readonly uid: number;
      readonly messageId: string | undefined;
      readonly sameBytes: boolean;
    }
  /** No room. Nothing of it was kept. */
  | { readonly state: 'Full' };

export interface AppendLimits {
  /** Milliseconds for which a key is remembered. */
  readonly windowMs: number;
  /** Compressed bytes that the folder may hold in this database. */
  readonly inlineBytes: number;
}

/** Finds a folder of kept mail, or makes it. */
export async function openKeptFolder(database: Database, place: KeptPlace): Promise<KeptFolder> {
  const account = await accountId(database, place.namespace, place.source, place.account);
  const folder = await folderId(database, account, place.folder);
  const find = () =>
    database.query<{ epoch_id: string; uidvalidity: string }>(
      'SELECT k.epoch_id, e.uidvalidity FROM mailmill.kept_folder k JOIN mailmill.epoch e ON e.id = k.epoch_id WHERE k.folder_id = $1',
      [folder],
    );
  let [row] = await find();
  if (!row)
    await database.transaction(async (client) => {
      await client.query('SELECT FROM mailmill.folder WHERE id = $1 FOR NO KEY UPDATE', [folder]);
      await client.query(
        `WITH e AS (
           INSERT INTO mailmill.epoch (folder_id, uidvalidity)
           SELECT $1, extract(epoch FROM now())::bigint WHERE NOT EXISTS (SELECT FROM mailmill.kept_folder WHERE folder_id = $1)
           ON CONFLICT (folder_id, uidvalidity) DO UPDATE SET uidvalidity = excluded.uidvalidity RETURNING id)
         INSERT INTO mailmill.kept_folder (folder_id, epoch_id) SELECT $1, id FROM e`,
        [folder],
      );
    });
  row ??= (await find())[0]!;
  return { ...place, folderId: folder, epochId: BigInt(row.epoch_id), epoch: BigInt(row.uidvalidity) };
}
