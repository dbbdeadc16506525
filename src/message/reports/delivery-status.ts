import type { Leaf } from '../mime-tree.ts';
import { signOf, speaksOfFailure } from './bounce-signs.ts';
import { classify } from './classify.ts';
import { type DeliveryFields, type MessageFields, readDeliveryFields, readInlineFields } from './delivery-fields.ts';
import { beginsWithObject, readSesNotification, sesNotices } from './json-notices.ts';
import { emptyNotice, type Notice } from './notice.ts';
import { splitNotice } from './notice-lines.ts';
import { addressesOf, inlineMessage, type OriginalMessage, returnedMessage } from './original.ts';
import { adviceFor, isHardBounce, type Reason } from './reasons.ts';
import { openReport, type ReportSource } from './report-source.ts';
import { isReplyCode, readCommand, readHost, readReply, type SmtpCommand } from './smtp-reply.ts';
import { isVagueStatus } from './status-reasons.ts';
import { readTextNotices, type TextNotices } from './text-notices.ts';
import { besideReply, inBrackets, inFields, inSentence } from './untemplated-notices.ts';

export type DeliveryAction = 'failed' | 'delayed' | 'delivered' | 'relayed' | 'expanded';

/** What became of one recipient. */
export interface RecipientStatus {
  /** Address that the mail was for. */
  readonly recipient: string;
  /** ORCPT of the sender; empty when the report has none. */
  readonly originalRecipient: string;
  /** What became of it (RFC 3464 §2.3.3). */
  readonly action: DeliveryAction;
  /** Enhanced status code (RFC 3463); `5.0.0` or `4.0.0` when the report has none. */
  readonly status: string;
  /** The report has no enhanced status code: `status` tells only for good or for now. */
  readonly pseudoStatus: boolean;
  /** SMTP reply code that agrees with `status`; empty when there is none. */
  readonly replyCode: string;
  /** SMTP command that was refused; empty when the report does not tell. */
  readonly command: SmtpCommand;
  /** What the remote host, or the MTA itself, said. */
  readonly diagnostic: string;
  /** Host that said it; empty when the report does not tell. */
  readonly remoteMta: string;
  /** Why, in the vocabulary of bounce reasons. */
  readonly reason: Reason;
  /** The address must not be tried again. */
  readonly hardBounce: boolean;
  /** What the sender should do, one sentence. */
  readonly advice: string;
}

export interface DeliveryReport extends MessageFields {
  /** One entry for each recipient that the report names. */
  readonly recipients: readonly RecipientStatus[];
  /** The message that the report is about, as far as it is returned. */
  readonly original: OriginalMessage | null;
}

const noFields: MessageFields = { originalEnvelopeId: '', reportingMta: '', receivedFromMta: '', arrivalDate: '' };
/** Longest notice of a sender who is no MTA by name, in UTF-16 units; newsletters are longer. */
const maxRobotText = 3_000;
/** A line that announces the returned message is shorter, in UTF-16 units. */
const longestMark = 200;
/** What fields of a report in plain text begin with. */
const anyRecipient = /(?:final|original)-recipient[ \t]*:/i;
/** Bytes of the fields of a report that come under another type. */
const maxFields = 65_536;
/** Most reports within reports that are looked into. */
const maxDepth = 3;
const statusTypes = new Set(['message/delivery-status', 'message/global-delivery-status']);
/** What Exim says when it gave up on temporary failures, and MTAs when they go on trying. */
const temporary = /retry time ?out exceeded|retry time not reached|failing for a long time/;
const delays =
  /has been delayed|is delayed|will (?:be )?retr|still undelivered|not yet been delivered|temporary failure report|warning message only|not been delivered yet|(?<!not )(?:keep|continue)(?: to)? try|attempts will continue|non-?fatal errors|verzögert|retardé|retras|ritardat|vertraagd|遅延|延迟|延遲/;

/** Enhanced status: what the remote host said before what the MTA made of it, unless it said nothing. */
function chooseStatus(field: string, said: string): string {
  const stated = /(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.])/.exec(field)?.[0] ?? '';
  if (said === '') return stated;
  if (stated === '' || said.startsWith('2') !== stated.startsWith('2')) return stated === '' ? said : stated;
  return /\.0\.0$/.test(said) ? stated : said;
}

function actionOf(notice: Notice, reason: Reason, delayed: boolean): DeliveryAction {
  const { action } = notice;
  if (action === 'delayed' || action === 'delivered' || action === 'relayed' || action === 'expanded') return action;
  if (reason === 'delivered') return 'delivered';
  return action === '' && delayed ? 'delayed' : 'failed';
}

/** What an MTA says without a code is for good, unless it goes on or its own category tells. */
const isForNow = ({ action, category }: Notice): boolean => action === 'delayed' || category.startsWith('transient/');

/** @param delayed the notice says that delivery goes on. */
function toRecipient(notice: Notice, delayed: boolean): RecipientStatus {
  const text = `${notice.diagnostic}\n`;
  const own = readReply(text);
  const reply = own.code === '' && own.status === '' ? readReply(notice.context) : own;
  // What the text says to people is not nearer to the remote host than the field.
  const field = chooseStatus(notice.status, '');
  const status = reply === own || field === '' || isVagueStatus(field) ? chooseStatus(field, reply.status) : field;
  const command = notice.command === '' ? readCommand(notice.diagnostic) : notice.command;
  const reason = classify({ notice, status, replyCode: reply.code, command });
  const lower = `${text}${notice.context}`.toLowerCase();
  const kind =
    status !== ''
      ? (status[0] ?? '5')
      : (reply.code[0] ?? (isForNow(notice) || temporary.test(lower) || delayed ? '4' : '5'));
  const final = status === '' ? `${kind}.0.0` : status;
  return {
    recipient: notice.recipient,
    originalRecipient: notice.originalRecipient,
    action: actionOf(notice, reason, delayed),
    status: final,
    pseudoStatus: status === '',
    replyCode: isReplyCode(reply.code) && reply.code.startsWith(kind) ? reply.code : '',
    command,
    diagnostic: notice.diagnostic,
    remoteMta: notice.remoteMta || readHost(notice.diagnostic),
    reason,
    hardBounce: isHardBounce(reason, final),
    advice: adviceFor(reason, final),
  };
}

/** Adds what the text says of a recipient to what the fields say. */
function withText(stated: Notice, text: TextNotices, only: boolean, whole: string): Notice {
  // AOL told of the last reply of the session, whatever it was.
  const contradicts = stated.action === 'failed' && readReply(stated.diagnostic).code.startsWith('2');
  const notice = contradicts ? { ...stated, diagnostic: '' } : stated;
  const names = new Set([notice.recipient.toLowerCase(), notice.originalRecipient.toLowerCase()]);
  const own =
    text.notices.find((one) => names.has(one.recipient.toLowerCase())) ??
    (only && text.notices.length === 1 ? text.notices[0] : undefined);
  const head = notice.diagnostic.slice(0, 60).replace(/\s+/g, ' ').trim().toLowerCase();
  const exchange = text.exchanges.find(
    (one) =>
      one.reply !== '' &&
      (head === ''
        ? one.addresses.some((address) => names.has(address)) || (only && text.exchanges.length === 1)
        : one.reply.toLowerCase().startsWith(head)),
  );
  const command = notice.command || exchange?.command || own?.command || '';
  const rest = only ? whole : '';
  if (notice.diagnosticType === 'x-unix')
    return { ...notice, command, context: `${notice.context}\n${own?.diagnostic ?? ''}\n${rest}` };
  const longer = exchange !== undefined && exchange.reply.length > notice.diagnostic.length ? exchange.reply : '';
  const diagnostic =
    notice.diagnostic === '' ? (own?.diagnostic ?? exchange?.reply ?? '') : longer === '' ? notice.diagnostic : longer;
  return {
    ...notice,
    command,
    diagnostic,
    remoteMta: notice.remoteMta || exchange?.remoteMta || own?.remoteMta || '',
    context: `${notice.context}\n${rest}`,
  };
}

const withoutReason = (one: RecipientStatus): RecipientStatus =>
  one.reason === 'onhold' ? { ...one, reason: 'undefined', advice: adviceFor('undefined') } : one;

/** The report that a gateway wrapped into one of its own, or null. */
function nestedReport(source: ReportSource, depth: number): DeliveryReport | null {
  const leaf = source.leaves.find((one) => one.type === 'message/rfc822');
  if (leaf === undefined) return null;
  const inner = openReport(source.content(leaf));
  return signOf(inner) === 'certain' ? readDelivery(inner, depth + 1) : null;
}

interface Text {
  readonly lines: readonly string[];
  readonly whole: string;
  readonly rest: string;
}

/** The notice that people read: the first text, HTML when there is no plain one. */
const noticeLeaf = ({ leaves }: ReportSource): Leaf | undefined =>
  leaves.find((one) => one.type === 'text/plain' && one.end > one.start) ??
  leaves.find((one) => one.type === 'text/html');

function readText(source: ReportSource, leaf: Leaf | undefined): Text {
  if (leaf === undefined) return { lines: [], whole: '', rest: '' };
  const { lines, rest } = splitNotice(source.text(leaf));
  return { lines, whole: lines.join('\n').slice(0, 16_384), rest };
}

/** The one whom the notice was sent to, and the author of what it returns, are nobody's failed recipients. */
function ignoredAddresses(source: ReportSource, original: OriginalMessage | null): ReadonlySet<string> {
  const returnPath = original?.fields.find((field) => field.name === 'return-path')?.value ?? '';
  const all = [...addressesOf(source.header('to')), ...addressesOf(source.header('from')), ...addressesOf(returnPath)];
  return new Set([...all, original?.from ?? ''].map((address) => address.toLowerCase()));
}

function fromText(source: ReportSource, text: Text, original: OriginalMessage | null): readonly Notice[] {
  const ignored = ignoredAddresses(source, original);
  const found = readTextNotices(text.lines, ignored).notices;
  if (found.length > 0) return found;
  const failed = addressesOf(source.header('x-failed-recipients'));
  const recipients = failed.length > 0 ? failed : (original?.to ?? []).slice(0, 1);
  // Who writes to himself is told of himself.
  const himself = readTextNotices(text.lines, new Set()).notices.filter(
    (one) => readReply(one.diagnostic).status !== '' && (recipients.length === 0 || recipients.includes(one.recipient)),
  );
  if (himself.length > 0) return himself;
  if (recipients.length === 0 && signOf(source) === 'likely') {
    const told = source.header('x-mlserver') !== '' || speaksOfFailure(source, text.whole);
    const notice =
      besideReply(text.lines, ignored) ??
      (told ? (inBrackets(text.lines, ignored) ?? inSentence(text.lines, ignored)) : null);
    const notices = notice !== null ? [notice] : told ? inFields(text.lines, ignored) : [];
    if (notices.length > 0) return notices;
  }
  return recipients.map((recipient) => ({ ...emptyNotice, recipient, diagnostic: text.whole.slice(0, 4_000) }));
}

function report(fields: MessageFields, notices: readonly Notice[], text: Text, source: ReportSource): DeliveryReport {
  const delayed = delays.test(text.whole.toLowerCase());
  const original = returnedMessage(source) ?? inlineMessage(text.rest);
  return { ...fields, recipients: notices.map((notice) => toRecipient(notice, delayed)), original };
}

function fromFields(fields: DeliveryFields, text: Text, source: ReportSource): DeliveryReport {
  const said = readTextNotices(text.lines, new Set());
  const only = fields.notices.length === 1;
  const notices = fields.notices.map((notice) => withText(notice, said, only, text.whole));
  return report(fields.message, notices, text, source);
}

/**
 * Reads a delivery report: the fields of RFC 3464 and RFC 6533, Amazon SES's notifications, or the text of a notice that
 * follows no standard. One entry a recipient, in the order of the report; null when the message is no delivery report.
 * Linear in the size of the message.
 */
export const deliveryStatus = (source: ReportSource): DeliveryReport | null => readDelivery(source, 0);

/** Whether a message that hardly looks like a notice may be one: its text has fields of a report, or is short and speaks of a failure. */
function mayBeNotice(source: ReportSource, text: string): boolean {
  if (anyRecipient.test(text)) return true;
  const lines = splitNotice(text.slice(0, maxRobotText + longestMark)).lines.join('\n');
  return lines.length <= maxRobotText && speaksOfFailure(source, lines);
}

/** Types under which gateways send on the fields of a report. */
const otherTypes = new Set(['text/plain', 'application/octet-stream', 'message/report', 'application/delivery-status']);

/** The fields in a part that is not labelled as theirs, or null. */
function mislabelled(source: ReportSource, notice: Leaf | undefined): DeliveryFields | null {
  for (const leaf of source.leaves) {
    if (leaf === notice || !otherTypes.has(leaf.type) || leaf.end - leaf.start > maxFields) continue;
    const fields = readInlineFields(source.text(leaf));
    if (fields !== null) return fields;
  }
  return null;
}

function readDelivery(source: ReportSource, depth: number): DeliveryReport | null {
  const status = source.leaves.filter((leaf) => statusTypes.has(leaf.type));
  const sign = status.length > 0 ? 'certain' : signOf(source);
  const leaf = noticeLeaf(source);
  // Ordinary mail is told without its text.
  const json = leaf !== undefined && beginsWithObject(source, leaf);
  if (sign === 'none' && !json) return null;
  if (sign === 'possible' && !json && (leaf === undefined || !mayBeNotice(source, source.text(leaf)))) return null;
  const text = readText(source, leaf);
  const notification = json ? readSesNotification(text.lines.join('\n')) : null;
  if (notification !== null) {
    const notices = sesNotices(notification);
    return notices.length === 0 ? null : report(noFields, notices, { ...text, whole: '' }, source);
  }
  const parts = status.map((leaf) => readDeliveryFields(source.text(leaf)));
  const stated = parts.flatMap((part) => part.notices);
  const message = parts[0]?.message ?? noFields;
  if (stated.length > 0) return fromFields({ message, notices: stated }, text, source);
  if (sign === 'none') return null;
  const inline = readInlineFields(`${text.lines.join('\n')}\n${text.rest}`) ?? mislabelled(source, leaf);
  if (inline !== null) return fromFields(inline, text, source);
  const short = text.whole.length <= maxRobotText;
  if (sign === 'possible' && !(short && speaksOfFailure(source, text.whole))) return null;
  const original = returnedMessage(source) ?? inlineMessage(text.rest);
  const nested = sign === 'possible' || depth >= maxDepth ? null : nestedReport(source, depth);
  if (nested !== null) return nested;
  const notices = fromText(source, text, original);
  const found = sign === 'certain' && notices.length === 0 ? [emptyNotice] : notices;
  const read = report(message, found, text, source);
  // A report whose fields are empty names no reason, whatever its text promises.
  if (status.length > 0) return { ...read, recipients: read.recipients.map(withoutReason) };
  if (sign === 'certain') return read;
  const speaks = speaksOfFailure(source, text.whole);
  const known = read.recipients.some(({ reason }) => reason !== 'onhold' && reason !== 'undefined');
  const believed = sign === 'likely' ? speaks || known : known;
  return believed && notices.length > 0 ? read : null;
}
