import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Source } from '../../../src/sources/source.ts';
import { transient } from '../../../src/telemetry/errors.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { FakeMailbox, FakeSink, runAccount, startContext } from '../fakes.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const count = 300;
const subjects = Array.from({ length: count }, (_, n) => `Message ${n}`).sort();

/** A mailbox that says of each message that it has a MiB: eight make a batch. */
function largeMail(): FakeMailbox {
  const box = new FakeMailbox();
  for (let n = 0; n < count; n++) box.deliver('INBOX', n);
  box.lies.list = (listed) => listed.map((each) => ({ ...each, size: 2 ** 20 }));
  return box;
}

/** Sessions whose FETCH breaks the connection after so many rows, one number for each session. */
function breaking(source: Source, after: readonly number[]): Source {
  let sessions = 0;
  return {
    ...source,
    open: async (account, signal) => {
      const session = await source.open(account, signal);
      let left = after[sessions++] ?? Number.POSITIVE_INFINITY;
      return {
        ...session,
        async *fetch(uids, until) {
          for await (const row of session.fetch(uids, until)) {
            if (left-- === 0) throw transient('IMAP_CONNECTION_LOST', 'cut');
            yield row;
          }
        },
      };
    },
  };
}

async function untilCaughtUp(source: Source) {
  const sink = new FakeSink('warehouse');
  const started = await startContext(postgres, [sink]);
  await (await runAccount(started, source, new AbortController().signal, true)).running;
  const { used } = started.context.budget;
  await started.database.close();
  return { sink, used, codes: started.codes };
}

test('one FETCH is for several batches of large mail, of as many bytes as the budget has', async () => {
  const box = largeMail();
  const asked: number[] = [];
  box.lies.fetch = (uids) => {
    asked.push(uids.length);
    return uids;
  };
  const { sink, used } = await untilCaughtUp({ ...box.source(), perDay: {} });
  expect(sink.subjects).toEqual(subjects);
  expect([asked[0], Math.max(...asked), used]).toEqual([8, 32, 0]);
});

test('where a day has a limit each batch is asked for alone', async () => {
  const box = largeMail();
  let most = 0;
  box.lies.fetch = (uids) => {
    most = Math.max(most, uids.length);
    return uids;
  };
  const { sink } = await untilCaughtUp({ ...box.source(), perDay: { messages: 10_000 } });
  expect(sink.subjects).toEqual(subjects);
  expect(most).toBe(8);
});

test('a connection that breaks in the middle of one loses and doubles nothing, and gives the budget back', async () => {
  const { sink, used, codes } = await untilCaughtUp(breaking(largeMail().source(), [20, 9]));
  expect(sink.subjects).toEqual(subjects);
  expect(used).toBe(0);
  expect(codes.filter((code) => code === 'IMAP_CONNECTION_LOST')).toHaveLength(2);
});

test('messages that a server leaves out of one are read later, alone', async () => {
  const box = largeMail();
  const asked: number[] = [];
  box.lies.fetch = (uids) => {
    asked.push(uids.length);
    return uids.length > 8 ? uids.filter((uid) => uid % 20 !== 0) : uids;
  };
  const { sink, used } = await untilCaughtUp(box.source());
  expect(sink.subjects).toEqual(subjects);
  expect(used).toBe(0);
  expect(asked).toContain(1);
});
