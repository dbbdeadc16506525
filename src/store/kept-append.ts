import type pg from 'pg';
import { transient } from '../telemetry/errors.ts';
import type { Appended, AppendLimits, KeptFolder, NewKept } from './kept.ts';
import { mintMessageId } from './message-id.ts';
import { occurrenceInsert, type Sighted } from './occurrences.ts';
import { Params } from './params.ts';

interface Known {
  readonly uid: number;
  readonly rawSha256: string;
  readonly messageId: string | undefined;
}

/** One that gets a position. */
interface Fresh {
  readonly item: NewKept;
  readonly uid: number;
  readonly messageId: string | undefined;
}

/**
 * Adds messages to a folder in the order given, within the caller's transaction, which holds the folder's lock from here to its end: keep it
 * short. The answers stand in the order of the messages and count once the transaction is committed. Throws Transient `STORE_KEPT_GONE`
 * when the folder was purged: open it again.
 */
export async function appendKept(
  client: pg.ClientBase,
  folder: KeptFolder,
  items: readonly NewKept[],
  limits: AppendLimits,
): Promise<readonly Appended[]> {
  const locked = await client.query<{ next_uid: string; inline_bytes: string }>(
    'SELECT next_uid, inline_bytes FROM mailmill.kept_folder WHERE folder_id = $1 AND epoch_id = $2 FOR NO KEY UPDATE',
    [folder.folderId, folder.epochId],
  );
  const row = locked.rows[0];
  if (!row)
    throw transient('STORE_KEPT_GONE', "the source's kept mail was purged meanwhile; its folder is opened again");
  const known = await knownKeys(client, folder, items, limits.windowMs);
  const buffers = new Set<Buffer>();
  const fresh: Fresh[] = [];
  let next = Number(row.next_uid);
  let inline = Number(row.inline_bytes);
  const appended = items.map((item): Appended => {
    const key = item.key.toString('hex');
    const before = known.get(key);
    if (before)
      return {
        state: 'Repeated',
        uid: before.uid,
        messageId: before.messageId,
        sameBytes: before.rawSha256 === item.rawSha256,
      };
    const adds = 'zstd' in item.content && !buffers.has(item.content.zstd) ? item.content.zstd : undefined;
    if (adds && inline + adds.length > limits.inlineBytes) return { state: 'Full' };
    if (adds) {
      inline += adds.length;
      buffers.add(adds);
    }
    const uid = next++;
    const messageId = item.messageId === 'Mint' ? mintMessageId({ ...sight(folder), ...item, uid }) : item.messageId;
    known.set(key, { uid, rawSha256: item.rawSha256, messageId });
    fresh.push({ item, uid, messageId });
    return { state: 'Kept', uid, messageId };
  });
  if (fresh.length > 0) await insert(client, folder, fresh, inline);
  return appended;
}

const sight = ({ namespace, source, account, folder, epoch }: KeptFolder) => ({
  namespace,
  source,
  account,
  folder,
  uidvalidity: epoch,
});

/** The newest message of each key that was kept within the window. */
async function knownKeys(
  client: pg.ClientBase,
  folder: KeptFolder,
  items: readonly NewKept[],
  windowMs: number,
): Promise<Map<string, Known>> {
  const params = new Params();
  const { rows } = await client.query<{ key: string; uid: string; sha: string; message_id: string | null }>(
    `SELECT DISTINCT ON (k.key) encode(k.key, 'hex') AS key, k.uid, encode(k.raw_sha256, 'hex') AS sha, o.message_id
       FROM mailmill.kept_message k LEFT JOIN mailmill.occurrence o ON o.epoch_id = ${params.one(folder.epochId, 'bigint')} AND o.uid = k.uid
      WHERE k.folder_id = ${params.one(folder.folderId, 'bigint')}
        AND k.key = ANY(${params.array('bytea', items, (to, item) => to.hex(item.key.toString('hex')))})
        AND k.kept_at > clock_timestamp() - ${params.one(windowMs, 'double precision')} * interval '1 millisecond'
      ORDER BY k.key, k.uid DESC`,
    params.values,
  );
  return new Map(
    rows.map(({ key, uid, sha, message_id }) => [
      key,
      { uid: Number(uid), rawSha256: sha, messageId: message_id ?? undefined },
    ]),
  );
}

async function insert(
  client: pg.ClientBase,
  folder: KeptFolder,
  fresh: readonly Fresh[],
  inline: number,
): Promise<void> {
  /** The first position of each buffer. */
  const stored = new Map<Buffer, number>();
  for (const { item, uid } of fresh)
    if ('zstd' in item.content && !stored.has(item.content.zstd)) stored.set(item.content.zstd, uid);
  await insertBytes(client, folder, [...stored]);
  const params = new Params();
  const text = (value: (item: NewKept) => string | undefined) =>
    params.array('text', fresh, (to, { item }) => {
      const found = value(item);
      if (found === undefined) to.null();
      else to.text(found);
    });
  const bigint = (value: (each: Fresh) => bigint | number | undefined) =>
    params.array('bigint', fresh, (to, each) => {
      const found = value(each);
      if (found === undefined) to.null();
      else to.int64(Number(found));
    });
  const hex = (value: (item: NewKept) => string | undefined) =>
    params.array('bytea', fresh, (to, { item }) => {
      const found = value(item);
      if (found === undefined) to.null();
      else to.hex(found);
    });
  const columns = {
    uid: bigint(({ uid }) => uid),
    key: hex((item) => item.key.toString('hex')),
    raw_sha256: hex((item) => item.rawSha256),
    size: bigint(({ item }) => item.size),
    received_at: params.array('timestamp with time zone', fresh, (to, { item }) =>
      to.timestamp(item.receivedAt.getTime()),
    ),
    header_id: text((item) => item.headerId?.replaceAll('\0', '').slice(0, maxHeaderId)),
    prefix: hex((item) => item.prefix?.toString('hex')),
    bytes_uid: bigint(({ item }) => ('zstd' in item.content ? stored.get(item.content.zstd) : undefined)),
    frame_id: bigint(({ item }) => ('frame' in item.content ? item.content.frame : undefined)),
    envelope: text((item) => item.envelope && JSON.stringify(item.envelope)),
    origin_epoch_id: bigint(({ item }) => item.origin?.epochId),
    origin_uid: bigint(({ item }) => item.origin?.uid),
    object_id: text((item) => item.objectId),
    flags: text((item) => (item.flags?.length ? item.flags.join(' ').replaceAll('\0', '') : undefined)),
  };
  const values = Object.entries(columns).map(
    ([name, array]) => `unnest(${array})${name === 'envelope' ? '::jsonb' : ''}`,
  );
  const frozen = fresh.filter(({ messageId }) => messageId !== undefined);
  const occurrences =
    frozen.length === 0
      ? ''
      : `, frozen AS (${occurrenceInsert(params, folder.epochId, frozen.map(sighted), new Map(frozen.map(({ uid, messageId }) => [uid, messageId!])))})`;
  await client.query(
    `WITH added AS (
       INSERT INTO mailmill.kept_message (folder_id, ${Object.keys(columns).join(', ')})
       SELECT ${params.one(folder.folderId, 'bigint')}, ${values.join(', ')})${occurrences}
     UPDATE mailmill.kept_folder SET next_uid = ${params.one(fresh.at(-1)!.uid + 1, 'bigint')}, messages = messages + ${params.one(fresh.length, 'bigint')},
       inline_bytes = ${params.one(inline, 'bigint')} WHERE folder_id = ${params.one(folder.folderId, 'bigint')}`,
    params.values,
  );
}

/** An index has no room for longer ones; a search cuts as well. */
export const maxHeaderId = 500;

const sighted = ({ item, uid }: Fresh): Sighted => ({
  uid,
  rawSha256: item.rawSha256,
  size: item.size,
  receivedAt: item.receivedAt,
  ...(item.objectId !== undefined && { objectId: item.objectId }),
});

/** As parameters of their own they go to the server as they are. */
async function insertBytes(
  client: pg.ClientBase,
  folder: KeptFolder,
  stored: readonly (readonly [zstd: Buffer, uid: number])[],
): Promise<void> {
  for (let at = 0; at < stored.length; at += bytesAtOnce) {
    const part = stored.slice(at, at + bytesAtOnce);
    const rows = part.map((_, i) => `($1, $${2 * i + 2}, $${2 * i + 3})`);
    await client.query(`INSERT INTO mailmill.kept_bytes (folder_id, uid, zstd) VALUES ${rows.join(', ')}`, [
      folder.folderId,
      ...part.flatMap(([zstd, uid]) => [uid, zstd]),
    ]);
  }
}

const bytesAtOnce = 100;
