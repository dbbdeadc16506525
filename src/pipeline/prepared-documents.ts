import type { QueuedDocument } from '../store/outbox.ts';
import type { Death } from './processed.ts';

/** Documents that are ready to be queued, and those that a queue cannot take, by sink. */
export interface PreparedDocuments {
  readonly documents: readonly QueuedDocument[];
  readonly refusals: ReadonlyMap<string, ReadonlyMap<string, Death>>;
}

/** What queues refuse, by sink; nothing where no sink has a queue. */
export function* queueRefusals(
  prepared: readonly (PreparedDocuments | undefined)[],
): Iterable<readonly [string, ReadonlyMap<string, Death>]> {
  const all = prepared.flatMap((each) => [...(each?.refusals ?? [])]);
  for (const name of new Set(all.map(([sink]) => sink)))
    yield [name, new Map(all.flatMap(([sink, deaths]) => (sink === name ? [...deaths] : [])))];
}
