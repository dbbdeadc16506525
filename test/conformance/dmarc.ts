import fs from 'node:fs';
import path from 'node:path';
import { evaluateDmarc } from 'mailauth/lib/dmarc/index.js';
import type { DnsRecord } from '../../src/message/authentication/dns.ts';
import { resolverOf } from '../../src/message/authentication/live.ts';
import { type CaseResult, type ConformanceSet, guarded } from './score.ts';
import { lookupsOf } from './zones.ts';

interface Case {
  readonly headerFrom: string | readonly string[];
  readonly dkimDomains: readonly string[];
  readonly spfDomains: readonly string[];
  readonly zone: Readonly<Record<string, Readonly<Record<string, readonly DnsRecord[]>>>>;
  readonly expected: Readonly<Record<string, unknown>>;
}

/** A member of a value by its path: `alignment.dkim.strict`. */
const member = (value: unknown, names: string): unknown =>
  names
    .split('.')
    .reduce<unknown>((at, name) => (typeof at === 'object' && at !== null ? Reflect.get(at, name) : undefined), value);

async function run(file: string, { headerFrom, dkimDomains, spfDomains, zone, expected }: Case): Promise<CaseResult> {
  const entries = Object.entries(zone).flatMap(([name, types]) => [
    [name, 'NONE', ''] as const,
    ...Object.entries(types).flatMap(([type, records]) => records.map((record) => [name, type, record] as const)),
  ]);
  const { response } = await evaluateDmarc({
    headerFrom: [headerFrom].flat(),
    dkimDomains: dkimDomains.map((domain) => ({ domain })),
    spfDomains: [...spfDomains],
    resolver: resolverOf(lookupsOf(entries)),
    strict: true,
  });
  const got = (field: string): unknown =>
    (field === 'result' ? member(response, 'status.result') : member(response, field)) ?? null;
  const failures = Object.entries(expected).filter(
    ([field, value]) => JSON.stringify(got(field)) !== JSON.stringify(value),
  );
  return { file, failures: failures.map(([field, value]) => ({ field, expected: value, got: got(field) })) };
}

/** DMARC as RFC 9989 has it: tree walk, policies of subdomains and names that do not exist, test mode. */
export const dmarc: ConformanceSet = {
  name: 'dmarc',
  target: 1,
  run: (data) => {
    const text = fs.readFileSync(path.join(data, 'auth', 'dmarc', 'rfc9989-cases.json'), 'utf8');
    const { cases } = JSON.parse(text) as { readonly cases: Readonly<Record<string, Case>> };
    return Promise.all(Object.entries(cases).map(([name, one]) => guarded(name, () => run(name, one))));
  },
};
