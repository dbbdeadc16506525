import { isIP } from 'node:net';
import { parseDate } from '../dates.ts';
import { Defects } from '../defects.ts';
import { readEnvelope } from '../envelope.ts';
import { type HeaderField, readHeaders } from '../headers.ts';
import { bareLiteral } from '../ip-literal.ts';
import { clean } from '../sanitize.ts';
import { decodeLeaf, leavesOf, type PlacedLeaf, type Structure } from '../structure.ts';
import type { AuthFailureType, DeliveryResult, DmarcFailureReport, OriginalMessage } from './failure.ts';

/** Largest report body in bytes; its fields are a few lines. */
const maxBytes = 262_144;
const maxValue = 4_096;
const maxRepeats = 100;
const unused = new Defects();

const failures: readonly AuthFailureType[] = ['adsp', 'bodyhash', 'revoked', 'signature', 'spf', 'dmarc'];
const deliveries: readonly DeliveryResult[] = ['delivered', 'spam', 'policy', 'reject', 'other'];

/** Fields of a report by name. */
class Fields {
  readonly #fields: readonly HeaderField[];

  constructor(fields: readonly HeaderField[]) {
    this.#fields = fields;
  }

  all(name: string): readonly string[] {
    const values: string[] = [];
    for (const field of this.#fields)
      if (field.name === name && values.length < maxRepeats)
        values.push(clean(Buffer.from(field.value, 'latin1').toString('utf8').slice(0, maxValue), name, unused));
    return values;
  }

  /** The first of that name, without a comment at its end; null when there is none. */
  stated(name: string): string | null {
    return this.all(name)[0]?.replace(/(?<!\s)\s*\([^()]*\)$/, '') ?? null;
  }

  text(name: string): string | null {
    return this.stated(name) || null;
  }

  /** Words that commas part, or semicolons. */
  words(name: string): readonly string[] {
    return this.all(name).flatMap((value) => value.toLowerCase().split(/[\s,;]+/));
  }
}

/** An address in angle brackets, with or without. */
const bare = (address: string): string => /^<(.*)>$/.exec(address)?.[1] ?? address;

const address = (text: string | null): string | null => {
  const found = bareLiteral(text ?? '');
  return isIP(found) === 0 ? null : found;
};

function deliveryResult(text: string | null): DeliveryResult | null {
  if (text === null) return null;
  const words = text.toLowerCase().split(/[^a-z]+/);
  return deliveries.find((word) => words.includes(word)) ?? 'other';
}

const positive = (text: string | null, most: number): number | null => {
  const number = text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0;
  return number > 0 && number <= most ? number : null;
};

/** What a report's own fields say; null when they are not of an authentication failure. One that names what failed needs no type. */
function readFields(fields: Fields): Omit<DmarcFailureReport, 'original'> | null {
  const types = fields.words('auth-failure');
  const unnamed = failures.some((type) => types.includes(type)) ? 'auth-failure' : '';
  const feedbackType = fields.text('feedback-type')?.toLowerCase() ?? unnamed;
  if (feedbackType !== 'auth-failure' && (feedbackType === '' || types.length === 0)) return null;
  const arrival = fields.text('arrival-date') ?? fields.text('received-date');
  return {
    kind: 'dmarcFailure',
    feedbackType,
    userAgent: fields.text('user-agent'),
    version: fields.text('version'),
    authFailure: failures.filter((type) => types.includes(type)),
    identityAlignment: (['dkim', 'spf'] as const).filter((one) => fields.words('identity-alignment').includes(one)),
    authenticationResults: fields.all('authentication-results'),
    reportedDomain: fields.text('reported-domain')?.toLowerCase() ?? null,
    deliveryResult: deliveryResult(fields.text('delivery-result')),
    sourceIp: address(fields.text('source-ip')),
    sourcePort: positive(fields.text('source-port'), 65_535),
    originalMailFrom:
      fields.stated('original-mail-from') === null ? null : bare(fields.stated('original-mail-from') ?? ''),
    originalRcptTo: fields
      .all('original-rcpt-to')
      .filter((one) => one !== '')
      .map(bare),
    originalEnvelopeId: fields.text('original-envelope-id'),
    arrivalDate: arrival === null ? null : parseDate(arrival, unused),
    reportingMta: fields.text('reporting-mta')?.replace(/^dns\s*;\s*/i, '') ?? null,
    incidents: positive(fields.text('incidents'), Number.MAX_SAFE_INTEGER) ?? 1,
    dkimDomain: fields.text('dkim-domain')?.toLowerCase() ?? null,
    dkimIdentity: fields.text('dkim-identity'),
    dkimSelector: fields.text('dkim-selector'),
    spfDns: fields.text('spf-dns'),
  };
}

const headerFields = (bytes: Buffer): readonly HeaderField[] =>
  // A blank line before the fields is no end of them.
  readHeaders(
    bytes,
    Math.max(
      0,
      bytes.findIndex((byte) => byte > 0x20),
    ),
    bytes.length,
    maxBytes * 8,
    unused,
  ).fields;

function original(content: Buffer): OriginalMessage {
  const { messageId, from, subject, date } = readEnvelope(headerFields(content), false, unused);
  return { messageId, from: from?.address ?? '', subject, date };
}

/** Keys of the text that Exim sends as a forensic report (`dmarc_forensic_sender`), and the fields that they stand for. */
const eximKeys: Readonly<Record<string, string>> = {
  'sender domain': 'reported-domain',
  'sender ip address': 'source-ip',
  'received date': 'arrival-date',
};

/** The fields of Exim's text; null when it is none. */
function eximFields(text: string): Fields | null {
  const found = new Map<string, string>();
  const failed: string[] = [];
  for (const line of text.split('\n', 60)) {
    const match = /^\s*([A-Z][A-Za-z ]{2,30}):\s+(\S.{0,200})$/.exec(line.trimEnd());
    const key = match?.[1]?.toLowerCase() ?? '';
    const value = match?.[2] ?? '';
    const name = eximKeys[key];
    if (name !== undefined && !found.has(name)) found.set(name, value);
    if (key === 'dmarc results') found.set('dmarc', value);
    const mechanism = /^(spf|dkim) alignment$/.exec(key)?.[1];
    if (mechanism !== undefined && value.toLowerCase() === 'no') failed.push(mechanism);
  }
  if (!['reported-domain', 'source-ip', 'dmarc'].every((name) => found.has(name))) return null;
  found.set('feedback-type', 'auth-failure');
  found.set('auth-failure', 'dmarc');
  found.set('identity-alignment', failed.join(','));
  return new Fields(Array.from(found, ([name, value]) => ({ name, value })));
}

/** What a leaf reports; a leaf of another type is a report when it begins like one. */
function fieldsOf(bytes: Buffer, { leaf }: PlacedLeaf): Fields | null {
  const typed = leaf.type === 'message/feedback-report';
  if (!typed && !leaf.type.startsWith('text/') && leaf.type !== 'application/octet-stream') return null;
  if (!typed) {
    const start = decodeLeaf(bytes, leaf, 8_192).toString('latin1');
    if (start.includes('Sender Domain:')) return eximFields(start);
    if (!/^\s*(?:[A-Za-z-]{1,40}:[^\n]*\n){0,20}Feedback-Type:/i.test(start)) return null;
  }
  return new Fields(headerFields(decodeLeaf(bytes, leaf, maxBytes)));
}

/** The message that failed, or its header; some call either of them text/rfc822. */
const enclosed = /^message\/global(?:-headers)?$|\/rfc822(?:-headers)?$/;

/** The DMARC failure report that an opened message is, with the part that it stands in; null when it is none. */
export function findFailureReport(
  structure: Structure,
): { readonly section: string; readonly report: DmarcFailureReport } | null {
  const { bytes, tree } = structure;
  let found: { readonly section: string; readonly report: Omit<DmarcFailureReport, 'original'> } | null = null;
  for (const placed of leavesOf(tree)) {
    const { leaf, section } = placed;
    if (found === null) {
      const fields = fieldsOf(bytes, placed);
      const report = fields === null ? null : readFields(fields);
      if (report !== null) found = { section, report };
    } else if (enclosed.test(leaf.type))
      return {
        section: found.section,
        report: { ...found.report, original: original(decodeLeaf(bytes, leaf, maxBytes)) },
      };
  }
  return found === null ? null : { section: found.section, report: { ...found.report, original: null } };
}
