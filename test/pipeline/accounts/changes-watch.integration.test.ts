import { afterAll, beforeAll, expect, test } from 'vitest';
import { ChangesWatch } from '../../../src/pipeline/accounts/changes-watch.ts';
import type { FolderSync } from '../../../src/pipeline/folders/folder-sync.ts';
import { Lane } from '../../../src/pipeline/folders/lane.ts';
import type { Source, SourceSession } from '../../../src/sources/source.ts';
import { openCursor } from '../../../src/store/epochs.ts';
import { accountId } from '../../../src/store/names.ts';
import { takeLease } from '../../store/fixture.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { FakeSink, startContext } from '../fakes.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

/** A folder of a server with QRESYNC, of which a pipeline has read as much as `read` says. */
async function world() {
  const { context, database, workerId } = await startContext(postgres, []);
  const account = await accountId(database, 'ns', 'inbox', 'ann');
  const lease = (await takeLease(database, context.pipelineId, account, workerId))!;
  const { epochId } = await openCursor(
    database,
    lease,
    { name: 'INBOX', uidvalidity: 7n, uidNext: 3 },
    () => undefined,
  );
  const sink = new FakeSink('changes');
  const server = { modseq: 1n, flags: new Map<number, readonly string[]>() };
  const folder = { name: 'INBOX', epochId, unseen: false, retryAt: undefined as number | undefined };
  // All that a look asks of a session, of a folder and of a source.
  const session = {
    capabilities: new Set(['QRESYNC']),
    select: async () => ({ name: 'INBOX', epoch: 7n, uidNext: 9, exists: server.flags.size, modseq: server.modseq }),
    search: async (from: number, to: number) => [...server.flags.keys()].filter((uid) => uid >= from && uid <= to),
    flags: async (to: number) => [...server.flags].flatMap(([uid, flags]) => (uid <= to ? [{ uid, flags }] : [])),
  } as unknown as SourceSession;
  const watch = new ChangesWatch({
    context,
    sinks: [{ sink, kinds: new Set(['flags', 'expunge']) }],
    source: { name: 'inbox', pollMs: 0 } as Source,
    account: 'ann',
    lease,
    fresh: () => true,
  });
  const lane = new Lane(session, context.hardStop);
  const synced = { ...folder, changed: () => folder.unseen };
  return {
    server,
    /** Whether the folder has something that was not listed yet, and when a message is tried again. */
    state: (unseen: boolean, retryAt?: number) => {
      folder.unseen = unseen;
      synced.retryAt = retryAt;
    },
    read: async (uid: number) => {
      await database.query(
        `INSERT INTO mailmill.occurrence (epoch_id, uid, message_id, raw_sha256, size, received_at) VALUES ($1, $2, gen_random_uuid(), '', 1, now())`,
        [epochId, uid],
      );
      await database.query(
        `INSERT INTO mailmill.reading AS r (pipeline_id, epoch_id, chunk, uids) VALUES ($1, $2, 0, int8multirange(int8range($3, $3, '[]')))
         ON CONFLICT (pipeline_id, epoch_id, chunk) DO UPDATE SET uids = r.uids + excluded.uids`,
        [context.pipelineId, epochId, uid],
      );
    },
    look: () => watch.look(lane, [synced as unknown as FolderSync]),
    told: () => [...sink.rows.values()].map(({ document }) => [document.uid, document.change, document.flags]),
  };
}

test.each([
  ['arrives while a folder is looked at', true, undefined],
  ['is given later than others', false, 1],
])(
  'a message that %s is known from the next look on, although the server counts nothing new',
  async (_, unseen, retryAt) => {
    const it = await world();
    it.server.flags.set(1, []).set(2, []);
    await it.read(1);
    it.state(unseen, retryAt);
    await it.look();
    await it.read(2);
    it.state(false);
    await it.look();
    it.server.modseq = 2n;
    it.server.flags.set(2, ['\\Seen']);
    await it.look();
    await it.look();
    expect(it.told()).toEqual([[2, 'flags', ['\\Seen']]]);
  },
);
