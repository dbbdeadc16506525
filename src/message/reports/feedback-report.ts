import { withoutComments } from '../comments.ts';
import { bareLiteral } from '../ip-literal.ts';
import type { Leaf } from '../mime-tree.ts';
import { type FieldGroup, firstValue, readFieldGroups, typedValue } from './field-groups.ts';
import { beginsWithObject, readSesNotification, sesComplaint } from './json-notices.ts';
import { bareAddress } from './notice.ts';
import { addressesOf, type OriginalMessage, returnedMessage } from './original.ts';
import { adviceFor } from './reasons.ts';
import type { ReportSource } from './report-source.ts';

/** A complaint about a message (ARF, RFC 5965; RFC 6591 and RFC 6650 add fields). Fields that are absent are empty. */
export interface FeedbackReport {
  /** `abuse`, `fraud`, `virus`, `not-spam`, `auth-failure`, `opt-out`, `other` …, lower case. */
  readonly feedbackType: string;
  /** Program that made the report. */
  readonly userAgent: string;
  /** Version of the report's format. */
  readonly version: string;
  /** Those who complained: Original-Rcpt-To, or what else tells. */
  readonly recipients: readonly string[];
  /** Reverse path of the message that is complained of. */
  readonly originalMailFrom: string;
  /** Its ENVID (RFC 3461). */
  readonly originalEnvelopeId: string;
  /** When it arrived, as the field stands. */
  readonly arrivalDate: string;
  /** Host that reports. */
  readonly reportingMta: string;
  /** Address of the client that sent the message. */
  readonly sourceIp: string;
  /** How many messages the report stands for; 1 when it does not tell. */
  readonly incidents: number;
  /** Authentication-Results of the receiver, as they stand. */
  readonly authenticationResults: readonly string[];
  /** Domains that the report is about. */
  readonly reportedDomains: readonly string[];
  /** Addresses in the message that the report is about. */
  readonly reportedUris: readonly string[];
  /** Authentication failures (RFC 6591): `dmarc`, `spf`, `dkim`, `bodyhash`, `revoked` …, lower case. */
  readonly authFailure: string;
  /** What became of the message (RFC 6591 §3.2.2). */
  readonly deliveryResult: string;
  /** Domain of its signature. */
  readonly dkimDomain: string;
  /** SPF record that was used. */
  readonly spfDns: string;
  /** The message that is complained of, as far as it is returned. */
  readonly original: OriginalMessage | null;
  /** What the sender should do, one sentence. */
  readonly advice: string;
}

const all = (group: FieldGroup, name: string): readonly string[] =>
  (group.get(name) ?? []).filter((value) => value !== '');

/** What the sender should do where the recipient did not complain of being written to (RFC 5965 §7.3, RFC 6591, RFC 6430). */
const advices: ReadonlyMap<string, string> = new Map([
  ['auth-failure', adviceFor('authfailure')],
  ['virus', adviceFor('virusdetected')],
  ['not-spam', 'Nothing to do: the recipient says that the message is no spam.'],
]);

function fromGroup(group: FieldGroup, original: OriginalMessage | null): FeedbackReport {
  const first = (name: string) => firstValue(group, name);
  const word = (name: string) => withoutComments(first(name)).trim();
  const feedbackType = word('feedback-type').toLowerCase();
  const named = [...all(group, 'original-rcpt-to'), ...all(group, 'removal-recipient')].map(bareAddress);
  const incidents = Number(word('incidents'));
  return {
    feedbackType,
    userAgent: first('user-agent'),
    version: word('version'),
    recipients: named.length > 0 ? [...new Set(named)] : (original?.to ?? []).filter((one) => one.includes('@')),
    originalMailFrom: bareAddress(first('original-mail-from')),
    originalEnvelopeId: first('original-envelope-id'),
    arrivalDate: first('arrival-date') || first('received-date'),
    reportingMta: typedValue(first('reporting-mta')).value,
    sourceIp: bareLiteral(word('source-ip') || word('source')),
    incidents: Number.isSafeInteger(incidents) && incidents > 0 ? incidents : 1,
    authenticationResults: all(group, 'authentication-results'),
    reportedDomains: all(group, 'reported-domain').map((one) => withoutComments(one).trim()),
    reportedUris: all(group, 'reported-uri'),
    authFailure: word('auth-failure').toLowerCase(),
    deliveryResult: word('delivery-result').toLowerCase(),
    dkimDomain: word('dkim-domain'),
    spfDns: first('spf-dns'),
    original,
    advice: advices.get(feedbackType) ?? adviceFor('feedback'),
  };
}

/** Outlook.com's Junk Mail Reporting Program sends the message alone; a field in it names who complained. */
function junkMailReport(original: OriginalMessage): FeedbackReport | null {
  const value = (name: string) => original.fields.find((one) => one.name === name)?.value ?? '';
  const recipient = value('x-hmxmroriginalrecipient');
  if (recipient === '') return null;
  const from = value('x-sid-pra');
  const group = new Map<string, string[]>([
    ['feedback-type', ['abuse']],
    ['user-agent', ['JMRP']],
    ['original-rcpt-to', addressesOf(recipient).slice()],
    ['original-mail-from', from === '' ? [] : [from]],
  ]);
  return fromGroup(group, original);
}

/** Most bytes of a feedback report under another type. */
const maxFields = 65_536;
const otherTypes = new Set(['text/plain', 'application/octet-stream']);

/** Whether a part has the fields that every feedback report has (RFC 5965 §3.1) although its type is another. */
function isMislabelled(source: ReportSource, leaf: Leaf): boolean {
  if (!otherTypes.has(leaf.type) || leaf.end - leaf.start > maxFields) return false;
  // Ordinary mail is told by its first bytes.
  if (!/^\s*(?:feedback-type|user-agent|version)[ \t]*:/i.test(source.start(leaf).toString('latin1'))) return false;
  const [fields] = readFieldGroups(source.text(leaf));
  return fields?.has('feedback-type') === true && fields.has('user-agent') && fields.has('version');
}

/** Reads a feedback report: ARF, Amazon SES's complaints and Outlook.com's junk reports; null when it is none. */
export function feedbackReport(source: ReportSource): FeedbackReport | null {
  const part =
    source.leaves.find((leaf) => leaf.type === 'message/feedback-report') ??
    source.leaves.find((leaf) => isMislabelled(source, leaf));
  const original = returnedMessage(source);
  if (part !== undefined) {
    const groups = readFieldGroups(source.text(part));
    const merged = new Map(groups.toReversed().flatMap((group) => [...group]));
    return merged.size === 0 ? null : fromGroup(merged, original);
  }
  if (original !== null) {
    const junk = junkMailReport(original);
    if (junk !== null) return junk;
  }
  const text = source.leaves.find((leaf) => leaf.type === 'text/plain');
  const notification =
    text !== undefined && beginsWithObject(source, text) ? readSesNotification(source.text(text)) : null;
  const complaint = notification === null ? null : sesComplaint(notification);
  if (complaint === null) return null;
  const group = new Map<string, string[]>([
    ['feedback-type', [complaint.type]],
    ['original-rcpt-to', [...complaint.recipients]],
  ]);
  return fromGroup(group, original);
}
