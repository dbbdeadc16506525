import { stalled } from '../../telemetry/errors.ts';
import { decodeCharset } from '../charsets.ts';
import { Defects } from '../defects.ts';
import type {
  AggregateRecord,
  Alignment,
  AuthResult,
  Disposition,
  DmarcAggregateReport,
  OverrideType,
  Policy,
  PolicyOverride,
  PublishedPolicy,
} from './aggregate.ts';
import { child, childrenOf, type Element, readElement } from './element.ts';
import { Values, words } from './values.ts';
import { XmlReader } from './xml.ts';

/** Most records of one report. */
const maxRecords = 100_000;

const dispositions: ReadonlyMap<string, Disposition> = words('none', 'quarantine', 'reject', 'pass');
const policies: ReadonlyMap<string, Policy> = words('none', 'quarantine', 'reject');
const alignments: ReadonlyMap<string, Alignment> = words('pass', 'fail');
const modes: ReadonlyMap<string, 'r' | 's'> = new Map([...words('r', 's'), ['relaxed', 'r'], ['strict', 's']]);
const testing: ReadonlyMap<string, 'y' | 'n'> = words('y', 'n');
const methods: ReadonlyMap<string, 'psl' | 'treewalk'> = words('psl', 'treewalk');
const scopes: ReadonlyMap<string, 'helo' | 'mfrom'> = new Map([...words('helo', 'mfrom'), ['mailfrom', 'mfrom']]);
const overrides: ReadonlyMap<string, OverrideType> = words(
  'forwarded',
  'sampled_out',
  'trusted_forwarder',
  'mailing_list',
  'local_policy',
  'policy_test_mode',
  'other',
);
/** With the words of RFC 5451, and those that RFC 7489 says are commonly used. */
const results: ReadonlyMap<string, AuthResult> = new Map<string, AuthResult>([
  ...words<AuthResult>('none', 'pass', 'fail', 'softfail', 'policy', 'neutral', 'temperror', 'permerror'),
  ['hardfail', 'fail'],
  ['unknown', 'temperror'],
  ['error', 'permerror'],
]);

const refused = (code: string, what: string) =>
  stalled(code, `this is no DMARC aggregate report that can be read: ${what}; ask its sender for a correct one`);

/** XML bytes as text: by the byte order mark, then by the declaration, else UTF-8 (XML 1.0 appendix F). */
function decodeXml(bytes: Buffer, values: Values): string {
  const marked = (...mark: readonly number[]) => mark.every((byte, i) => bytes[i] === byte);
  let charset = 'utf-8';
  if (marked(0xff, 0xfe) || marked(0x3c, 0x00)) charset = 'utf-16le';
  else if (marked(0xfe, 0xff) || marked(0x00, 0x3c)) charset = 'utf-16be';
  else if (!marked(0xef, 0xbb, 0xbf)) {
    const head = bytes.toString('latin1', 0, 256);
    const declared = /^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]{1,40})["']/.exec(head)?.[1]?.toLowerCase();
    // .NET declares UTF-16 for what it then writes as UTF-8.
    if (declared !== undefined && !declared.startsWith('utf-16')) charset = declared;
  }
  const defects = new Defects();
  const text = decodeCharset(bytes, charset, 'report', defects);
  if (defects.list().some(({ code }) => code !== 'UNDECLARED_8BIT')) values.deviations.add('BYTES_INVALID');
  return text;
}

function readPolicy(element: Element | undefined, values: Values): PublishedPolicy {
  const domain = values.domain(element, 'domain');
  if (domain === null) throw refused('REPORT_INCOMPLETE', 'it does not name the domain that it is about');
  const p = values.word(element, 'p', policies, true);
  const stated = values.count(element, 'pct');
  const pct = stated !== null && stated <= 100 ? stated : null;
  if (pct === null && values.text(element, 'pct') !== null) values.deviations.add('VALUE_UNKNOWN');
  return {
    domain,
    adkim: values.word(element, 'adkim', modes) ?? 'r',
    aspf: values.word(element, 'aspf', modes) ?? 'r',
    p,
    sp: values.word(element, 'sp', policies) ?? p,
    np: values.word(element, 'np', policies),
    pct,
    fo: values.text(element, 'fo') ?? '0',
    testing: values.word(element, 'testing', testing),
    discoveryMethod: values.word(element, 'discovery_method', methods),
  };
}

/** Why a policy was not applied; null for an element that says nothing. Some write the type without an element of its own. */
function readReason(reason: Element, values: Values): PolicyOverride | null {
  const filled = reason.children.some(({ text }) => text !== '');
  if (!filled && reason.text === '') return null;
  const element = filled ? reason : { ...reason, children: [{ name: 'type', text: reason.text, children: [] }] };
  return { type: values.word(element, 'type', overrides) ?? 'other', comment: values.text(element, 'comment') };
}

/** A record; null when it does not say how many messages came from where. */
function readRecord(element: Element, values: Values): AggregateRecord | null {
  const row = child(element, 'row');
  const sourceIp = values.address(row, 'source_ip');
  const count = values.count(row, 'count');
  if (sourceIp === null || count === null) return null;
  const evaluated = child(row, 'policy_evaluated');
  // Drafts called them identities.
  const identifiers = child(element, 'identifiers') ?? child(element, 'identities');
  const auth = child(element, 'auth_results');
  const reasons = childrenOf(evaluated, 'reason').flatMap((reason) => readReason(reason, values) ?? []);
  return {
    sourceIp,
    count,
    evaluated: {
      disposition: values.word(evaluated, 'disposition', dispositions, true),
      dkim: values.word(evaluated, 'dkim', alignments, true),
      spf: values.word(evaluated, 'spf', alignments, true),
      reasons,
    },
    identifiers: {
      headerFrom: values.domain(identifiers, 'header_from'),
      envelopeFrom: values.stated(identifiers, 'envelope_from')?.toLowerCase() ?? null,
      envelopeTo: values.domain(identifiers, 'envelope_to'),
    },
    dkim: childrenOf(auth, 'dkim').map((each) => ({
      domain: values.domain(each, 'domain'),
      selector: values.text(each, 'selector'),
      result: values.word(each, 'result', results),
      humanResult: values.text(each, 'human_result'),
    })),
    spf: childrenOf(auth, 'spf').map((each) => ({
      domain: values.domain(each, 'domain'),
      scope: values.word(each, 'scope', scopes),
      result: values.word(each, 'result', results),
      humanResult: values.text(each, 'human_result'),
    })),
  };
}

interface Body {
  version: string | null;
  metadata: Element | undefined;
  policy: Element | undefined;
  readonly records: AggregateRecord[];
  /** Records as they stand, with those that were left out. */
  seen: number;
  truncated: boolean;
}

/** What the element `feedback` holds, whose start tag was just read. */
function readBody(reader: XmlReader, prefix: string, values: Values): Body {
  const body: Body = { version: null, metadata: undefined, policy: undefined, records: [], seen: 0, truncated: false };
  const base = reader.depth;
  for (;;) {
    const token = reader.next();
    if (token === 'close' && reader.depth < base) return body;
    if (token === 'end') {
      values.deviations.add('XML_TRUNCATED');
      body.truncated = true;
      return body;
    }
    if (token !== 'open') continue;
    const own = reader.prefix === '' || reader.prefix === prefix;
    const element = readElement(reader, prefix);
    if (element === null || !own) continue;
    if (element.name === 'report_metadata') body.metadata ??= element;
    else if (element.name === 'policy_published') body.policy ??= element;
    else if (element.name === 'version') body.version ??= element.text.slice(0, 32) || null;
    else if (element.name === 'record') {
      body.seen++;
      if (body.seen > maxRecords)
        throw stalled('REPORT_TOO_LARGE', `the report has more than ${maxRecords} records; it is not read`);
      const record = readRecord(element, values);
      if (record === null) values.deviations.add('RECORD_INVALID');
      else body.records.push(record);
    }
  }
}

/** Reads on to the start tag of `feedback`; the namespace of its prefix, null when it has none. */
function findRoot(reader: XmlReader, values: Values): { readonly namespace: string | null } {
  const declared = new Map<string, string>();
  for (;;) {
    const token = reader.next();
    if (token === 'end') throw refused('REPORT_NOT_DMARC', 'it has no feedback element');
    if (token !== 'open') continue;
    for (const [prefix, uri] of reader.namespaces) declared.set(prefix, uri);
    if (reader.name !== 'feedback') continue;
    if (reader.depth > 1) values.deviations.add('ROOT_ENCLOSED');
    return { namespace: declared.get(reader.prefix)?.trim() || null };
  }
}

const isDomainName = (name: string): boolean => /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(name);

/**
 * Reads a DMARC aggregate report: RFC 7489 appendix C, RFC 9990, drafts before them, and what senders make of these, told
 * in `deviations`. Elements of extensions are left out.
 *
 * @throws MailmillError `REPORT_EMPTY`, `REPORT_XML_INVALID`, `REPORT_NOT_DMARC`, `REPORT_INCOMPLETE`, `REPORT_TOO_LARGE`:
 * why it is none.
 */
export function readAggregate(bytes: Buffer): DmarcAggregateReport {
  const values = new Values();
  const text = decodeXml(bytes, values);
  if (text.trim() === '') throw refused('REPORT_EMPTY', 'it is empty');
  const reader = new XmlReader(text);
  const { namespace } = findRoot(reader, values);
  const body = readBody(reader, reader.prefix, values);
  if (reader.repaired) values.deviations.add('XML_REPAIRED');
  const { metadata } = body;
  const reportId = values.text(metadata, 'report_id')?.replace(/^<(.*)>$/, '$1');
  if (!reportId) throw refused('REPORT_INCOMPLETE', 'it has no report_id');
  const range = child(metadata, 'date_range');
  const begin = values.instant(range, 'begin');
  const end = values.instant(range, 'end');
  if (begin === null || end === null) throw refused('REPORT_INCOMPLETE', 'it does not say what period it is about');
  if (begin > end) values.deviations.add('DATE_UNUSUAL');
  const policy = readPolicy(body.policy, values);
  if (body.records.length === 0) {
    if (body.seen > 0) throw refused('REPORT_INCOMPLETE', 'no record says how many messages came from where');
    if (body.truncated) throw refused('REPORT_INCOMPLETE', 'it ends before its first record');
    values.deviations.add('RECORDS_MISSING');
  }
  const orgName = values.text(metadata, 'org_name');
  if (orgName === null) values.deviations.add('VALUE_MISSING');
  const errors = childrenOf(metadata, 'error').slice(0, 100);
  return {
    kind: 'dmarcAggregate',
    version: body.version,
    namespace,
    orgName: orgName !== null && isDomainName(orgName) ? orgName.toLowerCase() : orgName,
    orgEmail: values.text(metadata, 'email'),
    extraContactInfo: values.text(metadata, 'extra_contact_info'),
    reportId,
    begin,
    end,
    errors: errors.map((error) => values.text({ name: '', text: '', children: [error] }, 'error') ?? ''),
    generator: values.text(metadata, 'generator'),
    policy,
    records: body.records,
    deviations: values.deviations.list(),
  };
}
