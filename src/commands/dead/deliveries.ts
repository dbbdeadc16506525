import type { Database } from '../../store/database.ts';
import {
  type DeadDelivery,
  type DeadDeliveryFilter,
  deadDeliveries,
  resolveDeadDeliveries,
  retryDeadDeliveries,
} from '../../store/dead-deliveries.ts';
import type { CommandIo } from '../command.ts';

const line = (dead: DeadDelivery): string =>
  `${dead.queuedAt.toISOString()} ${dead.pipeline} ${dead.documentId} ${dead.code} ${dead.sink}: ${dead.detail}\n`;

/** Shows dead deliveries; says how many on standard error when there are any. */
export async function listDeliveries(database: Database, filter: DeadDeliveryFilter, io: CommandIo): Promise<void> {
  const dead = await deadDeliveries(database, filter);
  for (const each of dead) io.stdout.write(line(each));
  if (dead.length > 0) io.stderr.write(`${dead.length} dead deliveries\n`);
}

/** All of the dead deliveries of one message, as lines. */
export async function deliveriesOf(database: Database, namespace: string, id: string): Promise<readonly string[]> {
  const dead = await deadDeliveries(database, { namespace, documentIds: [id] });
  return dead.map(({ pipeline, sink, edition, code, detail, attempts, queuedAt }) => {
    const rows: readonly (readonly [string, string])[] = [
      ['message', id],
      ['pipeline', `${pipeline}, edition ${edition}`],
      ['queued', `${queuedAt.toISOString()} for the sink ${sink}, ${attempts} attempts`],
      ['error', `${code}: ${detail}`],
    ];
    return rows.map(([name, value]) => `${name.padEnd(10)}${value}\n`).join('');
  });
}

/** Queues them again. Returns the exit code: 1 when one that was named is not dead. */
export async function retryDeliveries(database: Database, filter: DeadDeliveryFilter, io: CommandIo): Promise<number> {
  const again = await retryDeadDeliveries(database, filter);
  const missing = filter.documentIds?.filter((id) => !again.includes(id)) ?? [];
  for (const id of missing) io.stderr.write(`${filter.pipeline} has no dead delivery of message ${id}\n`);
  io.stdout.write(`${again.length} deliveries of ${filter.pipeline} are queued again\n`);
  return missing.length === 0 ? 0 : 1;
}

export { resolveDeadDeliveries };
