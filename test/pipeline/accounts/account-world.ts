import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import type { Source } from '../../../src/sources/source.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { FakeMailbox, FakeSink, startAccount } from '../fakes.ts';

type Running = Awaited<ReturnType<typeof startAccount>>;

interface AccountWorld {
  mailbox: FakeMailbox;
  sink: FakeSink;
  /** What was started last. */
  readonly running: Running;
  /** Works on the account; with the mailbox and the sink unless others are given. */
  start(options?: {
    readonly source?: Source;
    readonly sinks?: readonly FakeSink[];
    readonly patience?: Parameters<typeof startAccount>[3];
  }): Promise<Running>;
}

/**
 * A PostgreSQL for all tests of the file that calls this, and a mailbox and a sink in memory for each of them; the account that a test starts
 * ends with it.
 */
export function accountWorld(): AccountWorld {
  let postgres: Postgres;
  let running: Running | undefined;
  const world: AccountWorld = {
    mailbox: new FakeMailbox(),
    sink: new FakeSink('warehouse'),
    get running() {
      if (!running) throw new Error('no account was started');
      return running;
    },
    start: async ({ source = world.mailbox.source(), sinks = [world.sink], patience } = {}) => {
      running = await startAccount(postgres, { source: () => source }, sinks, patience);
      return running;
    },
  };
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres?.stop());
  beforeEach(() => {
    world.mailbox = new FakeMailbox();
    world.sink = new FakeSink('warehouse');
  });
  afterEach(async () => {
    await running?.end();
    running = undefined;
  });
  return world;
}
