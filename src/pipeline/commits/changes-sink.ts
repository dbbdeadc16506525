import type { ChangeSink } from '../context.ts';
import type { Revision } from '../revision/revision.ts';
import type { RunnerEnvironment } from '../worker/runner-environment.ts';
import { changeTypes } from './changes.ts';

/** Opens the tables of changes that sinks of a revision ask for, as sinks of their own: `<table>_changes`. Throws what their `check` throws. */
export async function openChangeSinks(
  revision: Revision,
  { openSinks }: Pick<RunnerEnvironment, 'openSinks'>,
  signal: AbortSignal,
): Promise<readonly ChangeSink[]> {
  const opened: ChangeSink[] = [];
  try {
    for (const { name, postgres } of revision.sinks) {
      if (!postgres?.changes) continue;
      const { changes, columns: _, ...rest } = postgres;
      const table = { name: `${name}/changes`, postgres: { ...rest, table: `${postgres.table}_changes` } };
      for (const sink of openSinks({ ...revision, sinks: [table] }, changeTypes)) {
        opened.push({ sink, kinds: new Set(changes) });
        await sink.check(signal);
      }
    }
    return opened;
  } catch (error) {
    for (const { sink } of opened) await sink.close();
    throw error;
  }
}
