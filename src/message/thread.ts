import { hash } from 'node:crypto';
import type { Address } from './message.ts';
import type { Report } from './reports/report.ts';

/** What a message says about its place in a conversation. */
export interface ThreadClues {
  readonly messageId: string;
  readonly inReplyTo: readonly string[];
  readonly references: readonly string[];
  readonly subject: string;
  readonly from: Address | null;
  readonly to: readonly Address[];
  readonly cc: readonly Address[];
}

/** What mail programs put before a subject: a few letters in any script, perhaps a count, and a colon (`Re:`, `AW:`, `SV[2]:`, `答复：`). */
const prefix = /^\s*(?:[\p{L}\p{M}]{1,5}\s?(?:\[\d{1,3}\]|\(\d{1,3}\))?\s?[:：]|\[[^\]]{0,64}\])\s*/u;
/** Most marks that are taken off one subject. */
const maxPrefixes = 20;

/**
 * The subject without the marks of replies, forwards and lists, whatever their language (RFC 5256 §2.1 knows the English ones). A
 * subject of nothing else stays as it is.
 */
export function baseSubject(subject: string): string {
  let base = subject.slice(0, 1_000).replace(/\s+/g, ' ').trim();
  for (let i = 0; i < maxPrefixes; i++) {
    const shorter = base.replace(prefix, '');
    if (shorter === base || shorter === '') break;
    base = shorter;
  }
  return base;
}

/**
 * What the messages of one conversation have in common, told from one message alone: the root of References, else the first
 * In-Reply-To, else the message's own id, without angle brackets. A message without any id gets `subject:` and 32 hex digits of the
 * SHA-256 of its base subject and its participants, whatever their order; without a subject as well it has no key (empty).
 */
export function threadKey(clues: ThreadClues): string {
  const id = clues.references[0] ?? clues.inReplyTo[0] ?? clues.messageId;
  if (id !== '') return id;
  const subject = baseSubject(clues.subject).toLowerCase();
  if (subject === '') return '';
  const people = new Set([clues.from, ...clues.to, ...clues.cc].flatMap((one) => one?.address.toLowerCase() ?? []));
  const text = JSON.stringify([subject, ...[...people].sort()]);
  return `subject:${hash('sha256', text, 'hex').slice(0, 32)}`;
}

const firstId = /<([^<>\s]{1,998})>/;

/**
 * The key of the conversation that a bounce, a receipt or a complaint is about: the root that the returned message names, else that message's own id.
 * Undefined where the report tells none, or is of many messages.
 */
export function reportedThreadKey(report: Report): string | undefined {
  if (report.kind !== 'delivery' && report.kind !== 'disposition' && report.kind !== 'feedback') return undefined;
  for (const name of ['references', 'in-reply-to']) {
    const value = report.original?.fields.find((field) => field.name === name)?.value ?? '';
    const id = firstId.exec(value)?.[1];
    if (id !== undefined) return id;
  }
  const named = report.kind === 'disposition' ? report.originalMessageId : '';
  return named || report.original?.messageId || undefined;
}
