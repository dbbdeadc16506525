import { expect } from 'vitest';
import type { Source } from '../../../src/sources/source.ts';
import type { LogFields } from '../../../src/telemetry/log.ts';
import type { ScriptedMailbox } from '../../sources/imap/scripted-mailbox.ts';
import type { Postgres } from '../../support/postgres.ts';
import { message } from '../../support/worker.ts';
import { FakeSink, runAccount, startAccount, startContext } from '../fakes.ts';

/** Fills a folder with messages of different subjects; returns them as they are named in rows. */
export const fill = (box: ScriptedMailbox, folder: string, count: number, prefix = folder): readonly string[] =>
  Array.from({ length: count }, (_, i) => {
    const name = `${prefix}-${i + 1}`;
    box.deliver(folder, message(name));
    return `Message ${name}`;
  });

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
