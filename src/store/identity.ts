import type pg from 'pg';
import { transient } from '../telemetry/errors.ts';
import type { Database } from './database.ts';
import { checkLease, type Lease } from './leases.ts';
import { Minter } from './message-id.ts';
import { occurrenceInsert, type Sighted } from './occurrences.ts';
import { Params } from './params.ts';
import { readBySql } from './reading.ts';

export interface Identity {
  readonly messageId: string;
  /** This pipeline has read the message already, at another place or in an earlier epoch: record the sighting, deliver nothing. */
  readonly handled: boolean;
}

export interface Place {
  readonly namespace: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  readonly uidvalidity: bigint;
  readonly epochId: bigint;
}

/**
 * The identity of each message, by UID: as frozen at an earlier sight; else by object id; else an orphan with the same bytes
 * (one each, so that identical mails stay as many as they are); else minted. What is not derivable from the first sight alone is
 * frozen here, before anything is delivered.
 */
export async function resolveIdentities(
  database: Database,
  lease: Lease,
  place: Place,
  sighted: readonly Sighted[],
): Promise<ReadonlyMap<number, Identity>> {
  const { ids, orphans: waiting } = await frozen(database, lease.accountId, place.epochId, sighted);
  const known = new Set(ids.values());
  const open = sighted.filter((s) => !ids.has(s.uid));
  const minter = new Minter(place);
  const byObject = open.filter((s) => s.objectId !== undefined);
  const orphans = open.length > 0 && waiting;
  if (byObject.length === 0 && !orphans) for (const s of open) ids.set(s.uid, minter.idOf(s));
  else
    await database.transaction(async (client) => {
      await checkLease(client, lease);
      // One at a time for an account: two pipelines must not give one orphan, or one object, to two sightings.
      await client.query('SELECT FROM mailmill.account WHERE id = $1 FOR NO KEY UPDATE', [lease.accountId]);
      for (const [uid, id] of await frozenBy(client, place.epochId, open)) {
        ids.set(uid, id);
        known.add(id);
      }
      await resolveObjects(client, lease.accountId, open, ids, known);
      if (orphans) await claimOrphans(client, lease.accountId, place.epochId, open, ids, known);
      const minted = open.filter((s) => !ids.has(s.uid));
      const mintedObjects = new Map<string, string>(); // copies of one object in one batch are one message
      for (const s of minted) {
        const id = (s.objectId !== undefined && mintedObjects.get(s.objectId)) || minter.idOf(s);
        ids.set(s.uid, id);
        if (s.objectId !== undefined) mintedObjects.set(s.objectId, id);
      }
      await rememberObjects(client, lease.accountId, byObject, ids);
    });
  const handled =
    known.size === 0
      ? new Set<string>()
      : await handledBefore(database, lease.pipelineId, place.epochId, sighted, ids, known);
  return new Map(
    sighted.map((s) => {
      const messageId = ids.get(s.uid)!;
      return [s.uid, { messageId, handled: handled.has(messageId) }];
    }),
  );
}

const frozenQuery = 'SELECT uid, message_id FROM mailmill.occurrence WHERE epoch_id = $1 AND uid BETWEEN $2 AND $3';

/** Of the sighted UIDs the first and the last. */
function span(sighted: readonly Sighted[]): readonly [first: number, last: number] {
  let first = Number.MAX_SAFE_INTEGER;
  let last = 0;
  for (const { uid } of sighted) {
    if (uid < first) first = uid;
    if (uid > last) last = uid;
  }
  return [first, last];
}

interface FrozenRow {
  readonly uid: string | null;
  readonly message_id: string | null;
}

/** What rows say of the sighted UIDs. */
function frozenIds(rows: readonly FrozenRow[], sighted: readonly Sighted[]): Map<number, string> {
  const ids = new Map<number, string>();
  if (rows.length === 0) return ids;
  const wanted = new Set(sighted.map((s) => s.uid));
  for (const { uid, message_id } of rows)
    if (uid !== null && message_id !== null && wanted.has(Number(uid))) ids.set(Number(uid), message_id);
  return ids;
}

/** Identities that are frozen already, and whether the account has orphans at all: one way to the database and back. */
async function frozen(
  database: Database,
  accountId: bigint,
  epochId: bigint,
  sighted: readonly Sighted[],
): Promise<{ readonly ids: Map<number, string>; readonly orphans: boolean }> {
  const rows = await database.query<FrozenRow>(
    `${frozenQuery} UNION ALL (SELECT NULL, NULL FROM mailmill.orphan WHERE account_id = $4 LIMIT 1)`,
    [epochId, ...span(sighted), accountId],
  );
  return { ids: frozenIds(rows, sighted), orphans: rows.some((row) => row.uid === null) };
}

async function frozenBy(
  client: pg.ClientBase,
  epochId: bigint,
  sighted: readonly Sighted[],
): Promise<Map<number, string>> {
  const { rows } = await client.query<FrozenRow>(frozenQuery, [epochId, ...span(sighted)]);
  return frozenIds(rows, sighted);
}

async function resolveObjects(
  client: pg.ClientBase,
  accountId: bigint,
  open: readonly Sighted[],
  ids: Map<number, string>,
  known: Set<string>,
): Promise<void> {
  const wanted = open.filter((s) => s.objectId !== undefined && !ids.has(s.uid));
  if (wanted.length === 0) return;
  const { rows } = await client.query<{ object_id: string; message_id: string }>(
    'SELECT object_id, message_id FROM mailmill.object WHERE account_id = $1 AND object_id = ANY($2)',
    [accountId, wanted.map((s) => s.objectId)],
  );
  const byObject = new Map(rows.map((row) => [row.object_id, row.message_id]));
  for (const s of wanted) {
    const id = byObject.get(s.objectId!);
    if (id === undefined) continue;
    ids.set(s.uid, id);
    known.add(id);
  }
  await client.query('DELETE FROM mailmill.orphan WHERE account_id = $1 AND message_id = ANY($2)', [
    accountId,
    [...byObject.values()],
  ]);
}

/** Gives each sighting the orphan with its bytes that is oldest, same folder first, and freezes that. */
async function claimOrphans(
  client: pg.ClientBase,
  accountId: bigint,
  epochId: bigint,
  open: readonly Sighted[],
  ids: Map<number, string>,
  known: Set<string>,
): Promise<void> {
  const wanted = open.filter((s) => !ids.has(s.uid)).sort((a, b) => a.uid - b.uid);
  if (wanted.length === 0) return;
  const { rows } = await client.query<{ sha: string; message_id: string }>(
    `SELECT encode(o.raw_sha256, 'hex') AS sha, o.message_id
       FROM mailmill.orphan o JOIN mailmill.epoch e ON e.id = o.epoch_id
      WHERE o.account_id = $1 AND o.raw_sha256 = ANY($2::bytea[])
      ORDER BY (e.folder_id = (SELECT folder_id FROM mailmill.epoch WHERE id = $3)) DESC, o.epoch_id, o.uid`,
    [accountId, wanted.map((s) => Buffer.from(s.rawSha256, 'hex')), epochId],
  );
  const queues = Map.groupBy(rows, (row) => row.sha);
  const claimed: Sighted[] = [];
  for (const s of wanted) {
    const orphan = queues.get(s.rawSha256)?.shift();
    if (!orphan) continue;
    ids.set(s.uid, orphan.message_id);
    known.add(orphan.message_id);
    claimed.push(s);
  }
  if (claimed.length === 0) return;
  const params = new Params();
  const insert = occurrenceInsert(params, epochId, claimed, ids);
  await client.query(insert, params.values);
  await client.query('DELETE FROM mailmill.orphan WHERE account_id = $1 AND message_id = ANY($2)', [
    accountId,
    claimed.map((s) => ids.get(s.uid)),
  ]);
}

async function rememberObjects(
  client: pg.ClientBase,
  accountId: bigint,
  byObject: readonly Sighted[],
  ids: Map<number, string>,
): Promise<void> {
  if (byObject.length === 0) return;
  const sorted = [...byObject].sort((a, b) => (a.objectId! < b.objectId! ? -1 : 1));
  await client.query(
    `INSERT INTO mailmill.object (account_id, object_id, message_id) SELECT $1, * FROM unnest($2::text[], $3::uuid[]) ON CONFLICT DO NOTHING`,
    [accountId, sorted.map((s) => s.objectId), sorted.map((s) => ids.get(s.uid))],
  );
}

/** Checks identities that should be frozen. Throws Transient `STORE_IDENTITY_CHANGED` when a place has another one. */
export async function checkFrozen(
  client: pg.ClientBase,
  epochId: bigint,
  sighted: readonly Sighted[],
  ids: ReadonlyMap<number, string>,
): Promise<void> {
  for (const [uid, id] of await frozenBy(client, epochId, sighted))
    if (ids.get(uid) !== id)
      throw transient(
        'STORE_IDENTITY_CHANGED',
        'another pipeline recognised a message first; the batch is read again and nothing was lost',
      );
}

/** Messages of which this pipeline has read another place. */
async function handledBefore(
  database: Database,
  pipelineId: bigint,
  epochId: bigint,
  sighted: readonly Sighted[],
  ids: ReadonlyMap<number, string>,
  known: ReadonlySet<string>,
): Promise<Set<string>> {
  const here = sighted.filter((s) => known.has(ids.get(s.uid)!));
  const rows = await database.query<{ message_id: string }>(
    `SELECT DISTINCT o.message_id
       FROM unnest($3::bigint[], $4::uuid[]) AS here (uid, message_id)
       JOIN mailmill.occurrence o ON o.message_id = here.message_id AND (o.epoch_id, o.uid) <> ($2, here.uid)
      WHERE ${readBySql}`,
    [pipelineId, epochId, here.map((s) => s.uid), here.map((s) => ids.get(s.uid))],
  );
  return new Set(rows.map((row) => row.message_id));
}
