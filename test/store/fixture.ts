import { randomUUID } from 'node:crypto';
import type { Coverage } from '../../src/store/commit.ts';
import { Database } from '../../src/store/database.ts';
import { openCursor } from '../../src/store/epochs.ts';
import { type Place, resolveIdentities } from '../../src/store/identity.ts';
import { acquireLeases, ensureLeases } from '../../src/store/lease-shares.ts';
import { type Lease, registerWorker } from '../../src/store/leases.ts';
import { migrate } from '../../src/store/migrate.ts';
import { accountId, pipelineId } from '../../src/store/names.ts';
import type { Sighted } from '../../src/store/occurrences.ts';
import { ensurePartitions } from '../../src/store/partitions.ts';
import { fence, record } from '../../src/store/record.ts';
import { UidSet } from '../../src/store/uid-set.ts';
import type { Postgres } from '../support/postgres.ts';

export type Store = Awaited<ReturnType<typeof openStore>>;

/** Takes the lease of one account; undefined: a worker that is alive holds it. */
export async function takeLease(
  database: Database,
  pipeline: bigint,
  account: bigint,
  worker: string,
): Promise<Lease | undefined> {
  await ensureLeases(database, pipeline, [account]);
  return (await acquireLeases(database, pipeline, worker, [account], 1))[0];
}

/** A message that was just read; `content` stands for its bytes. */
export const sight = (uid: number, content: string, objectId?: string): Sighted => ({
  uid,
  rawSha256: Buffer.from(content.padEnd(32, '.')).toString('hex').slice(0, 64),
  size: 10,
  receivedAt: new Date('2024-08-22T12:36:23Z'),
  ...(objectId !== undefined && { objectId }),
});

export const place = (folder: string, uidvalidity: bigint, epochId: bigint): Place => ({
  namespace: 'ns',
  source: 'inbox',
  account: 'ann',
  folder,
  uidvalidity,
  epochId,
});

/** A migrated store in a database of its own, with a worker, a pipeline and an account. */
export async function openStore(postgres: Postgres) {
  const database = new Database({ uri: await postgres.createDatabase(), max: 4, applicationName: 'test' });
  await migrate(database);
  await ensurePartitions(database);
  const worker = randomUUID();
  await registerWorker(database, worker, 'test');
  const pipeline = await pipelineId(database, 'ns', 'mail', 86_400_000);
  const account = await accountId(database, 'ns', 'inbox', 'ann');

  const lease = async (of = pipeline): Promise<Lease> => {
    const taken = await takeLease(database, of, account, worker);
    if (!taken) throw new Error('the lease is held');
    return taken;
  };
  const select = (held: Lease, name: string, uidvalidity: bigint) =>
    openCursor(database, held, { name, uidvalidity, uidNext: 100 }, () => undefined);
  const resolve = async (held: Lease, folder: string, uidvalidity: bigint, messages: readonly Sighted[]) => {
    const cursor = await select(held, folder, uidvalidity);
    const identities = await resolveIdentities(database, held, place(folder, uidvalidity, cursor.epochId), messages);
    return { cursor, identities };
  };
  type Resolved = Awaited<ReturnType<typeof resolve>>;
  /** Records what was resolved; finishes `uids`, by default from the first message to the last. `meanwhile` runs behind the fence. */
  const save = async (
    held: Lease,
    { cursor, identities }: Resolved,
    messages: readonly Sighted[],
    uids: readonly [number, number] = [messages[0]!.uid, messages.at(-1)!.uid],
    meanwhile?: () => Promise<void>,
  ) => {
    const none = { vanished: 0, excluded: 0, known: 0, dropped: 0, dead: 0 };
    const coverage: Coverage = { uids, listed: messages.length, read: messages.length, ...none };
    await database.transaction(async (client) => {
      await fence(client, held, cursor.epochId, cursor.version);
      await meanwhile?.();
      await record(client, held, {
        epochId: cursor.epochId,
        version: cursor.version,
        revision: 'r1',
        finished: UidSet.of(uids),
        coverage: [coverage],
        sighted: messages,
        ids: new Map([...identities].map(([uid, identity]) => [uid, identity.messageId])),
        outcomes: messages.map((m) => ({
          messageId: identities.get(m.uid)!.messageId,
          edition: 1,
          uid: m.uid,
          state: 'Processed' as const,
        })),
        deliveries: [],
        deadLetters: [],
      });
    });
  };
  /** Resolves and commits messages as a worker does; returns their identities. */
  const commit = async (
    held: Lease,
    folder: string,
    uidvalidity: bigint,
    messages: readonly Sighted[],
    uids?: readonly [number, number],
  ) => {
    const resolved = await resolve(held, folder, uidvalidity, messages);
    await save(held, resolved, messages, uids);
    return resolved.identities;
  };
  return {
    database,
    worker,
    pipeline,
    account,
    lease,
    select,
    resolve,
    save,
    commit,
    /** Another pipeline on the same account, with the lease. */
    other: async () => lease(await pipelineId(database, 'ns', 'other', 86_400_000)),
    /** Lets a worker's heartbeat be too old. */
    expire: (id: string) =>
      database.query(`UPDATE mailmill.worker SET expires_at = clock_timestamp() WHERE id = $1`, [id]),
  };
}
