import type { Write } from '../support/control-plane/audit.ts';

/** The process that made a request: its user agent ends with its identity. */
const identityOf = ({ userAgent }: Write) => userAgent.slice(userAgent.indexOf('/') + 1);

export interface Leadership {
  /** Identities in the order in which they took the Lease. */
  readonly terms: readonly string[];
  /** Writes by a process that did not hold the Lease when the API server received them. */
  readonly strays: readonly string[];
  readonly writes: number;
}

/**
 * Who led when, by the API server's own clock: the holder is whoever wrote the Lease last. Nobody else writes anything but its
 * Lease; the Lease is written by holders alone.
 */
export function leadership(writes: readonly Write[]): Leadership {
  const done = writes.filter(({ code }) => code < 300);
  const leases = done.filter(({ resource }) => resource === 'leases').sort((a, b) => a.at - b.at);
  const terms: string[] = [];
  for (const write of leases) if (terms.at(-1) !== identityOf(write)) terms.push(identityOf(write));
  const others = done.filter(({ resource }) => resource !== 'leases');
  const strays = others.flatMap((write) => {
    const holder = leases.findLast(({ at }) => at <= write.receivedAt);
    const who = identityOf(write);
    if (holder !== undefined && identityOf(holder) === who) return [];
    const what = `${write.verb} ${write.resource} ${write.namespace}/${write.name}`;
    return [
      `${what} by ${who} at ${new Date(write.receivedAt).toISOString()}, while ${holder && identityOf(holder)} led`,
    ];
  });
  return { terms, strays, writes: others.length };
}
