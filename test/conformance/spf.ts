import fs from 'node:fs';
import path from 'node:path';
import { loadAll } from 'js-yaml';
import { spf as checkHost } from 'mailauth/lib/spf/index.js';
import type { DnsRecord } from '../../src/message/authentication/dns.ts';
import { resolverOf } from '../../src/message/authentication/live.ts';
import { type CaseResult, type ConformanceSet, guarded } from './score.ts';
import { lookupsOf } from './zones.ts';

/** Cases that fail, and why. They count as failed. */
export const spfExceptions: Readonly<Record<string, string>> = {
  'v-macro-ip6':
    'the explanation has the nibbles of %{ir} in upper case, because the address of the case is; RFC 7208 §7.4 shows them in lower case, and the DNS does not tell the two apart',
};

type Entry = 'TIMEOUT' | Readonly<Record<string, string | readonly (string | number)[]>>;

interface Scenario {
  readonly tests: Readonly<
    Record<
      string,
      {
        readonly helo: string;
        readonly host: string;
        readonly mailfrom: string;
        readonly result: string | readonly string[];
        readonly explanation?: string;
      }
    >
  >;
  readonly zonedata: Readonly<Record<string, readonly Entry[]>>;
}

const recordOf = (type: string, value: string | readonly (string | number)[]): DnsRecord => {
  if (type === 'MX') return { priority: Number(value[0]), exchange: String(value[1]) };
  return typeof value === 'string' ? (type === 'TXT' ? [value] : value) : value.map(String);
};

/** The zone of a scenario; an SPF entry stands for TXT where the name has none. */
function zoneOf(zonedata: Scenario['zonedata']) {
  const entries: [string, string, DnsRecord][] = [];
  const timeouts = new Set<string>();
  for (const [name, listed] of Object.entries(zonedata)) {
    const pairs = listed.flatMap((entry) => (entry === 'TIMEOUT' ? [] : Object.entries(entry)));
    const hasText = pairs.some(([type]) => type === 'TXT');
    // What a name has beside its policy, so that the name exists.
    entries.push([name, 'NONE', '']);
    if (listed.includes('TIMEOUT') || pairs.some(([, value]) => value === 'TIMEOUT')) timeouts.add(name.toLowerCase());
    for (const [type, value] of pairs) {
      if (value === 'NONE' || value === 'TIMEOUT') continue;
      entries.push([name, type, recordOf(type === 'SPF' ? 'TXT' : type, value)]);
      if (type === 'SPF' && !hasText) entries.push([name, 'TXT', recordOf('TXT', value)]);
    }
  }
  return lookupsOf(entries, timeouts);
}

async function run(name: string, scenario: Scenario): Promise<CaseResult> {
  const test = scenario.tests[name]!;
  const got = await checkHost({
    sender: test.mailfrom,
    ip: test.host,
    helo: test.helo,
    mta: 'receiver.example',
    resolver: resolverOf(zoneOf(scenario.zonedata)),
    strict: true,
  });
  const { result } = got.status;
  const results = [test.result].flat();
  if (!results.includes(result))
    return { file: name, failures: [{ field: 'result', expected: results.join(' or '), got: result }] };
  const { explanation } = test;
  // DEFAULT is the checker's own text.
  if (result !== 'fail' || explanation === undefined || explanation === 'DEFAULT' || got.explanation === explanation)
    return { file: name, failures: [] };
  return { file: name, failures: [{ field: 'explanation', expected: explanation, got: got.explanation ?? null }] };
}

/** The RFC 7208 suite of openspf.org. */
export const spf: ConformanceSet = {
  name: 'spf',
  target: 195 / 200,
  run: (data) => {
    const text = fs.readFileSync(path.join(data, 'auth', 'spf', 'rfc7208-tests.yml'), 'utf8');
    // A document without tests is what stands behind the last separator.
    const scenarios = (loadAll(text) as (Scenario | null | undefined)[]).filter((scenario) => scenario != null);
    return Promise.all(
      scenarios.flatMap((scenario) =>
        Object.keys(scenario.tests).map((name) => guarded(name, () => run(name, scenario))),
      ),
    );
  },
};
