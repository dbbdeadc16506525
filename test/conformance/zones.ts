import type { DnsRecord, DnsSource } from '../../src/message/authentication/dns.ts';
import { canonicalName } from '../../src/message/authentication/dns.ts';
import { Lookups } from '../../src/message/authentication/lookups.ts';
import { CachingResolver } from '../../src/message/authentication/resolver.ts';
import { type Zone, zoneSource } from '../../src/message/authentication/zone.ts';

/** Records by name and type, as the sets have them in many ways. */
export type ZoneEntries = readonly (readonly [name: string, type: string, record: DnsRecord])[];

/** The lookups of one case: a zone, and names whose lookup times out unless the zone answers. */
export function lookupsOf(entries: ZoneEntries, timeouts: ReadonlySet<string> = new Set()): Lookups {
  const zone = new Map<string, Map<string, DnsRecord[]>>();
  for (const [name, type, record] of entries) {
    const types = zone.get(canonicalName(name)) ?? new Map<string, DnsRecord[]>();
    zone.set(canonicalName(name), types);
    types.set(type, [...(types.get(type) ?? []), record]);
  }
  return new Lookups(
    new CachingResolver({ source: failing(zone, timeouts), clock: () => 0 }),
    new AbortController().signal,
  );
}

function failing(zone: Zone, timeouts: ReadonlySet<string>): DnsSource {
  const source = zoneSource(zone);
  return {
    query: async (name, type, signal) => {
      const answer = await source.query(name, type, signal);
      return answer.kind !== 'records' && timeouts.has(name) ? { kind: 'failure', failure: 'TIMEOUT' } : answer;
    },
  };
}
