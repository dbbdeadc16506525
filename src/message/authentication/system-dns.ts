import { promises as dns, type MxRecord } from 'node:dns';
import type { DnsAnswer, DnsRecord, DnsSource, RecordType } from './dns.ts';

const failures: Readonly<Record<string, DnsAnswer>> = {
  ENOTFOUND: { kind: 'noName' },
  ENODATA: { kind: 'noData' },
  EBADNAME: { kind: 'badName' },
  ETIMEOUT: { kind: 'failure', failure: 'TIMEOUT' },
  EREFUSED: { kind: 'failure', failure: 'REFUSED' },
};

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

/** The machine's own DNS servers. Node tells the time to live of addresses alone; of other records the resolver's limits hold. */
export function systemDns(): DnsSource {
  // The resolver above limits time; a second try is the server's or the next message's.
  const resolver = new dns.Resolver({ timeout: 2_000, tries: 2 });
  const addresses = (found: readonly { readonly address: string; readonly ttl: number }[]): DnsAnswer => ({
    kind: 'records',
    records: found.map(({ address }) => address),
    ttl: found.reduce((least, { ttl }) => Math.min(least, ttl), Number.POSITIVE_INFINITY),
  });
  const others: Readonly<Record<Exclude<RecordType, 'A' | 'AAAA'>, (name: string) => Promise<readonly DnsRecord[]>>> = {
    CNAME: (name) => resolver.resolveCname(name),
    MX: (name): Promise<MxRecord[]> => resolver.resolveMx(name),
    PTR: (name) => resolver.resolvePtr(name),
    TXT: (name) => resolver.resolveTxt(name),
  };
  return {
    query: async (name, type) => {
      try {
        if (type === 'A') return addresses(await resolver.resolve4(name, { ttl: true }));
        if (type === 'AAAA') return addresses(await resolver.resolve6(name, { ttl: true }));
        return { kind: 'records', records: await others[type](name) };
      } catch (error) {
        return failures[codeOf(error)] ?? { kind: 'failure', failure: 'SERVFAIL' };
      }
    },
  };
}
