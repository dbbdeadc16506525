import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import type { Source } from '../../../src/sources/source.ts';
import type { LogFields } from '../../../src/telemetry/log.ts';
import { ScriptedMailbox, type ScriptedMailboxOptions } from '../../sources/imap/scripted-mailbox.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { message } from '../../support/worker.ts';
import { FakeSink, runAccount, startAccount, startContext } from '../fakes.ts';

/** Fills a folder with messages of different subjects; returns them as they are named in rows. */
export const fill = (box: ScriptedMailbox, folder: string, count: number, prefix = folder): readonly string[] =>
  Array.from({ length: count }, (_, i) => {
    const name = `${prefix}-${i + 1}`;
    box.deliver(folder, message(name));
    return `Message ${name}`;
  });

/** A fault that strikes at the first `times` commands. */
export const first = (
  box: ScriptedMailbox,
  command: string,
  times: number,
  fault: Parameters<typeof box.faults.set>[1],
) => {
  let struck = 0;
  box.faults.set(command, (to, honest) => struck++ < times && fault(to, honest));
};

/** One account's work against a scripted server, with a real store. */
export async function startWork(postgres: Postgres, box: ScriptedMailbox, source?: Source) {
  const sink = new FakeSink('warehouse');
  const it = await startAccount(postgres, { source: () => source ?? box.source() }, [sink]);
  return {
    ...it,
    sink,
    /** Every message once, and none that is not named. */
    exact: (subjects: readonly string[]) => expect(sink.subjects).toEqual([...subjects].sort()),
  };
}

/** Tries that follow one another without a pause, each with a session of its own. */
export async function startTries(postgres: Postgres, source: Source) {
  const sink = new FakeSink('warehouse');
  const started = await startContext(postgres, [sink]);
  const { context } = started;
  return {
    sink,
    /** One try to catch up; the code and family of the error that ended it, or nothing. */
    async once(): Promise<{ readonly code: string; readonly family: string } | undefined> {
      const stop = new AbortController();
      let failure: { readonly code: string; readonly family: string } | undefined;
      const warn = (_: string, fields?: LogFields) => {
        if (fields?.family === undefined) return;
        failure ??= { code: String(fields?.code), family: String(fields?.family) };
        stop.abort();
      };
      const log = { ...context.log, warn };
      const { running } = await runAccount({ ...started, context: { ...context, log } }, source, stop.signal, true);
      await running;
      return failure;
    },
    end: () => started.database.close(),
  };
}

/** A PostgreSQL for all tests of the file that calls this; scripted servers, and what works against them, end after each of them. */
export function faultWorld() {
  let postgres: Postgres | undefined;
  const opened: { end(): Promise<void> }[] = [];
  const servers: ScriptedMailbox[] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(async () => {
    await postgres?.stop();
  });
  afterEach(async () => {
    for (const it of opened.splice(0)) await it.end();
    for (const box of servers.splice(0)) await box[Symbol.asyncDispose]();
  });
  const started = (): Postgres => {
    if (!postgres) throw new Error('PostgreSQL is there once tests run');
    return postgres;
  };
  const kept = <T extends { end(): Promise<void> }>(it: T): T => {
    opened.push(it);
    return it;
  };
  return {
    serve: async (options?: ScriptedMailboxOptions): Promise<ScriptedMailbox> => {
      const box = await new ScriptedMailbox(options).start();
      servers.push(box);
      return box;
    },
    /** Work on a server; what follows it are options of its source. */
    work: async (box: ScriptedMailbox, ...more: Parameters<ScriptedMailbox['source']>) =>
      kept(await startWork(started(), box, await box.source(...more))),
    tries: async (box: ScriptedMailbox) => kept(await startTries(started(), await box.source())),
  };
}
