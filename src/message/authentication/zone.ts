import { isIPv4, isIPv6 } from 'node:net';
import { stalled } from '../../telemetry/errors.ts';
import {
  canonicalName,
  type DnsAnswer,
  type DnsRecord,
  type DnsSource,
  isPossibleName,
  type RecordType,
} from './dns.ts';
import { zoneLines } from './zone-lines.ts';

/** Records of names by type; a type without records says only that the name exists. */
export type Zone = ReadonlyMap<string, ReadonlyMap<string, readonly DnsRecord[]>>;

const maxRecords = 100_000;
/** A CNAME is followed this often. */
const maxAliases = 8;

/** Types that are answered, with how many words of data each has; TXT has any number. */
const answered: Readonly<Record<string, number>> = {
  A: 1,
  AAAA: 1,
  CNAME: 1,
  MX: 2,
  PTR: 1,
  TXT: Number.POSITIVE_INFINITY,
};
/** Others of the registry that zones have; a type that is none of them is a slip of the pen. */
const otherTypes = new Set(
  (
    'A6 AFSDB AMTRELAY APL AVC CAA CDNSKEY CDS CERT CSYNC DHCID DLV DNAME DNSKEY DS EUI48 EUI64 GPOS HINFO HIP HTTPS IPSECKEY ISDN KEY KX L32 L64 ' +
    'LOC LP MB MD MF MG MINFO MR NAPTR NID NS NSAP NSEC NSEC3 NSEC3PARAM NULL NXT OPENPGPKEY PX RESINFO RP RRSIG RT SIG SMIMEA SOA ' +
    'SPF SRV SSHFP SVCB TA TLSA URI WKS X25 ZONEMD'
  ).split(' '),
);
const isKnownType = (type: string): boolean => type in answered || otherTypes.has(type) || /^TYPE\d{1,5}$/.test(type);

const invalid = (line: number, what: string) =>
  stalled('ZONE_FILE_INVALID', `line ${line} of the zone file ${what}; mend it`);

interface Place {
  /** Empty for the root; undefined before there is one. */
  readonly origin: string | undefined;
  readonly line: number;
}

function absolute(name: string, { origin, line }: Place): string {
  if (name === '.') return '';
  const rooted = name.endsWith('.');
  if (!rooted && origin === undefined)
    throw invalid(line, 'has a name without a dot at its end, and there is no $ORIGIN before it');
  if (name === '@') return origin ?? '';
  const whole = canonicalName(rooted ? name : `${name}.${origin}`);
  if (!isPossibleName(whole)) throw invalid(line, 'has a name that cannot be: its labels have 1 to 63 characters');
  return whole;
}

/** The record of a line's data; null for types that are known by their existence alone. */
function recordOf(type: string, data: readonly string[], place: Place): DnsRecord | null {
  const [first = '', second = ''] = data;
  if (data.length === 0) throw invalid(place.line, `has a ${type} record without data`);
  if (data.length > (answered[type] ?? Number.POSITIVE_INFINITY))
    throw invalid(place.line, `has more behind ${type} than such a record holds`);
  switch (type) {
    case 'A':
      if (!isIPv4(first)) throw invalid(place.line, 'has an A record without an IPv4 address');
      return first;
    case 'AAAA':
      if (!isIPv6(first)) throw invalid(place.line, 'has an AAAA record without an IPv6 address');
      return first;
    case 'CNAME':
    case 'PTR':
      return absolute(first, place);
    case 'MX': {
      if (!/^\d{1,5}$/.test(first) || Number(first) > 65_535 || second === '')
        throw invalid(place.line, 'has an MX record without number and host');
      return { priority: Number(first), exchange: absolute(second, place) };
    }
    case 'TXT':
      return data;
    default:
      return null;
  }
}

/** `300`, `1h30m` as seconds; undefined when it is no time. */
function seconds(text: string): number | undefined {
  if (!/^(?:\d{1,9}[smhdw]?)+$/i.test(text)) return undefined;
  const units: Readonly<Record<string, number>> = { '': 1, s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 };
  let sum = 0;
  for (const [, number, unit = ''] of text.toLowerCase().matchAll(/(\d+)([smhdw]?)/g))
    sum += Number(number) * (units[unit] ?? 1);
  return sum;
}

/**
 * Reads a zone file: the master file format of RFC 1035 §5.1 with `$ORIGIN`, `$TTL`, comments, parentheses, quoted strings,
 * `\DDD` and names left out at the beginning of a line. A, AAAA, CNAME, MX, PTR and TXT are answered; of other types only the
 * name counts. `$INCLUDE` and classes but IN are refused. Times to live are read and not used: a file does not age.
 *
 * @throws MailmillError `ZONE_FILE_INVALID` with the number of the line.
 */
export function readZone(text: string): Zone {
  const zone = new Map<string, Map<string, DnsRecord[]>>();
  let origin: string | undefined;
  let owner: string | undefined;
  let count = 0;
  for (const { line, tokens, continues } of zoneLines(text, invalid)) {
    const words = tokens.map((token) => token.text);
    const [first = '', argument = '', more] = words;
    if (first.startsWith('$')) {
      // Another word may be a secret: this may be no zone file at all.
      const directive = /^\$(?:origin|ttl|include|generate)$/i.test(first) ? first.toUpperCase() : 'directive';
      if (more !== undefined) throw invalid(line, `has more behind ${directive} than one word`);
      if (directive === '$ORIGIN' && argument !== '') origin = absolute(argument, { origin, line });
      else if (directive !== '$TTL' || seconds(argument) === undefined)
        throw invalid(line, `has an unknown ${directive}`);
      continue;
    }
    const place = { origin, line };
    if (!continues) owner = absolute(words.shift() ?? '', place);
    if (owner === undefined) throw invalid(line, 'begins with a blank, and there is no name before it');
    while (words.length > 0 && (seconds(words[0] ?? '') !== undefined || /^in$/i.test(words[0] ?? ''))) words.shift();
    const type = (words.shift() ?? '').toUpperCase();
    if (!/^[A-Z][A-Z0-9]*$/.test(type) || /^(?:CH|HS|CS)$/.test(type)) throw invalid(line, 'has no type of record');
    if (!isKnownType(type)) throw invalid(line, 'has a type of record that nobody knows');
    if (++count > maxRecords) throw invalid(line, `is beyond ${maxRecords} records`);
    const types = zone.get(owner) ?? new Map<string, DnsRecord[]>();
    zone.set(owner, types);
    const records = types.get(type) ?? [];
    types.set(type, records);
    const record = recordOf(type, words, place);
    if (record !== null) records.push(record);
  }
  return zone;
}

/** A source that answers from a zone alone; every name that is not in it does not exist. Wildcards as RFC 4592 has them. */
export function zoneSource(zone: Zone): DnsSource {
  const nodes = new Set<string>();
  for (const name of zone.keys())
    for (let at = name; at !== ''; at = at.includes('.') ? at.slice(at.indexOf('.') + 1) : '') nodes.add(at);

  /** The records that a name has, by itself or by a wildcard; undefined when it does not exist. */
  const typesOf = (name: string): ReadonlyMap<string, readonly DnsRecord[]> | undefined => {
    if (nodes.has(name)) return zone.get(name) ?? new Map();
    for (let dot = name.indexOf('.'); dot !== -1; dot = name.indexOf('.', dot + 1)) {
      const encloser = name.slice(dot + 1);
      if (nodes.has(encloser)) return zone.get(`*.${encloser}`);
    }
    return undefined;
  };

  const answer = (asked: string, type: RecordType): DnsAnswer => {
    let name = canonicalName(asked);
    for (let alias = 0; alias <= maxAliases; alias++) {
      const types = typesOf(name);
      if (types === undefined) return { kind: 'noName' };
      const records = types.get(type);
      if (records !== undefined && records.length > 0) return { kind: 'records', records };
      const [target] = types.get('CNAME') ?? [];
      if (typeof target !== 'string') return { kind: 'noData' };
      name = canonicalName(target);
    }
    return { kind: 'failure', failure: 'SERVFAIL' };
  };
  return { query: async (name, type) => answer(name, type) };
}
