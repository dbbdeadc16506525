import { afterAll, beforeAll, expect, test } from 'vitest';
import { KeptChangesWatch } from '../../../src/pipeline/accounts/kept-changes-watch.ts';
import { openCursor } from '../../../src/store/epochs.ts';
import { openKeptFolder } from '../../../src/store/kept.ts';
import { type KeptChange, keepChanges } from '../../../src/store/kept-changes.ts';
import { accountId } from '../../../src/store/names.ts';
import { takeLease } from '../../store/fixture.ts';
import { append, kept } from '../../support/kept.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { message } from '../../support/worker.ts';
import { FakeSink, startContext } from '../fakes.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

const at = new Date('2026-11-21T12:00:00Z');

/** An archive of three messages, and a pipeline that reads it. */
async function world() {
  const { context, database, workerId } = await startContext(postgres, []);
  const place = { namespace: 'ns', source: 'inbox/archive', account: 'ann', folder: 'INBOX' };
  const folder = await openKeptFolder(database, place);
  const appended = await append(
    database,
    folder,
    [1, 2, 3].map((n) => kept(message(n))),
  );
  const ids = appended.map((each) => (each.state === 'Full' ? '' : each.messageId!));
  const account = await accountId(database, 'ns', place.source, 'ann');
  const lease = (await takeLease(database, context.pipelineId, account, workerId))!;
  await openCursor(database, lease, { name: 'INBOX', uidvalidity: folder.epoch, uidNext: 4 }, () => undefined);
  const sink = new FakeSink('changes');
  const kinds = new Set(['flags', 'expunge'] as const);
  const options = { context, sinks: [{ sink, kinds }], account: 'ann', lease, fresh: () => true };
  const source = { name: 'inbox', pollMs: 0 };
  // Of the source it asks for nothing else.
  const watch = new KeptChangesWatch({ ...options, source: source as never });
  const mine = [context.pipelineId, folder.epochId];
  return {
    database,
    sink,
    keep: (changes: readonly (Pick<KeptChange, 'kind' | 'flags'> & { readonly n: number })[]) =>
      database.transaction((client) =>
        keepChanges(
          client,
          folder,
          changes.map(({ n, ...change }) => ({ ...change, messageId: ids[n - 1]!, uid: 70 + n })),
          at,
        ),
      ),
    finish: (uids: string) =>
      database.query(
        'UPDATE mailmill.cursor SET finished = finished + $3::int8multirange WHERE pipeline_id = $1 AND epoch_id = $2',
        [...mine, uids],
      ),
    read: (uids: string) =>
      database.query(
        `INSERT INTO mailmill.reading AS r (pipeline_id, epoch_id, chunk, uids) VALUES ($1, $2, 0, $3::int8multirange)
         ON CONFLICT (pipeline_id, epoch_id, chunk) DO UPDATE SET uids = r.uids + excluded.uids`,
        [...mine, uids],
      ),
    look: () => watch.look(undefined, [{ name: 'INBOX', epochId: folder.epochId }]),
    told: () =>
      [...sink.rows.values()].map(({ document }) => [document.uid, document.change, document.flags, document.at]),
  };
}

test('a change waits for its message, and so does what is behind it; then each is told once', async () => {
  const it = await world();
  await it.keep([1, 2, 1].map((n, i) => ({ n, kind: 'flags', flags: `flag-${i}` })));
  await it.finish('{[1,1],[3,3]}');
  await it.read('{[1,1],[3,3]}');
  await it.look();
  expect(it.told()).toEqual([[71, 'flags', ['flag-0'], at]]);
  await it.look();
  expect(it.sink.commits).toBe(1);
  await it.finish('{[2,2]}');
  await it.read('{[2,2]}');
  await it.look();
  await it.look();
  expect(it.told()).toEqual([
    [71, 'flags', ['flag-0'], at],
    [72, 'flags', ['flag-1'], at],
    [71, 'flags', ['flag-2'], at],
  ]);
  expect(it.sink.commits).toBe(2);
});

test('nothing is told of a message that the pipeline could not read, nor of a kind that nobody asks for', async () => {
  const it = await world();
  await it.keep([
    { n: 1, kind: 'expunge', flags: '' },
    { n: 2, kind: 'move', flags: '' },
    { n: 3, kind: 'expunge', flags: '' },
  ]);
  await it.finish('{[1,3]}');
  await it.read('{[2,3]}');
  await it.look();
  expect(it.told()).toEqual([[73, 'expunge', [], at]]);
});

test('however many there are, one look tells them all', async () => {
  const it = await world();
  await it.finish('{[1,3]}');
  await it.read('{[1,3]}');
  await it.keep(Array.from({ length: 2_500 }, (_, i) => ({ n: 1 + (i % 3), kind: 'flags' as const, flags: `${i}` })));
  await it.look();
  expect(new Set(it.told().map(([, , flags]) => String(flags))).size).toBe(2_500);
});
