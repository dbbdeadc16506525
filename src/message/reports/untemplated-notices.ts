import { tellsOfFailure } from './bounce-signs.ts';
import { bareAddress, emptyNotice, maxDiagnostic, maxRecipients, type Notice } from './notice.ts';
import { readCommand, readReply } from './smtp-reply.ts';
import { address } from './text-notices.ts';

/** At the beginning of a word, so that long ones are looked at once. */
const anyAddress = new RegExp(String.raw`(?<![^\s<>"'()[\]:;,@])${address}`, 'g');

/**
 * The recipient of a notice that follows no template, in whatever language: an address beside a reply of failure with its enhanced code, or the only one of
 * a text that quotes such a reply. Null when there is none.
 *
 * @param ignored lower-case addresses that are nobody's recipient.
 */
export function besideReply(lines: readonly string[], ignored: ReadonlySet<string>): Notice | null {
  const named = new Set<string>();
  let reply = '';
  for (const line of lines) {
    if (line.length > 2_000) continue;
    // A number alone may be a price.
    const { code, status } = readReply(line);
    const failed = /^[45]/.test(code) && status !== '';
    const [recipient = '', ...others] = addressesIn(line, ignored);
    if (failed && recipient !== '') return noticeOf(recipient, line);
    if (failed && reply === '') reply = line;
    for (const one of [recipient, ...others]) if (one !== '') named.add(one);
  }
  return reply === '' ? null : ofOnly(named, reply);
}

const bracketed = new RegExp(`<(${address})>`, 'g');

/**
 * The only address that a notice has in brackets, with all that it says: the recipient, or the list that refuses an article.
 * Null when there is none.
 *
 * @param ignored lower-case addresses that are nobody's recipient.
 */
export function inBrackets(lines: readonly string[], ignored: ReadonlySet<string>): Notice | null {
  const text = lines.join('\n').slice(0, maxDiagnostic);
  const named = Array.from(text.matchAll(bracketed), ([, one = '']) => one);
  return ofOnly(new Set(named.filter((one) => !ignored.has(one.toLowerCase()))), text);
}

const addressesIn = (line: string, ignored: ReadonlySet<string>): readonly string[] =>
  Array.from(line.matchAll(anyAddress), ([one]) => bareAddress(one)).filter((one) => !ignored.has(one.toLowerCase()));

/**
 * The only address that stands in a line with the words that its delivery failed, with all that the notice says. Null when there is none, or
 * no reply with its enhanced code: shops write so of parcels.
 *
 * @param ignored lower-case addresses that are nobody's recipient.
 */
export function inSentence(lines: readonly string[], ignored: ReadonlySet<string>): Notice | null {
  const text = lines.join('\n').slice(0, maxDiagnostic);
  if (readReply(text).status === '') return null;
  const named = new Set<string>();
  for (const line of lines)
    if (line.length <= 2_000 && line.includes('@') && tellsOfFailure(line))
      for (const one of addressesIn(line, ignored)) named.add(one);
  return ofOnly(named, text);
}

const labelled = new RegExp(String.raw`^\s*(\S[^@:：<.!?]{0,30})[:：]\s*["'<]{0,2}(${address})[>"']{0,2}\s*$`);
/** Fields that name who wrote, or whom to ask. */
const authors =
  /^(?:reply[- ]to|(?:\w+ ){0,2}(?:contact|support|help|info|web|e-?mail|mail)$|sender|(?:original )?mail from|(?:original )?from)\b/i;

/**
 * Recipients of a notice that has a field for each, whatever its language calls it, with the reply that stands behind it; the only one with all
 * that the notice says.
 *
 * @param ignored lower-case addresses that are nobody's recipient.
 */
export function inFields(lines: readonly string[], ignored: ReadonlySet<string>): readonly Notice[] {
  const found = new Map<string, string>();
  let current = '';
  for (const line of lines) {
    if (line.length > 2_000) continue;
    const [, label = '', one = ''] = labelled.exec(line) ?? [];
    if (one !== '' && !authors.test(label) && !ignored.has(one.toLowerCase())) current = one;
    const text = found.get(current) ?? '';
    if (current !== '' && text.length < maxDiagnostic && (text !== '' || found.size < maxRecipients))
      found.set(current, `${text}${line.trim()}\n`);
  }
  const [only = '', ...others] = found.keys();
  if (only !== '' && others.length === 0) return [noticeOf(only, lines.join('\n').slice(0, maxDiagnostic))];
  return Array.from(found, ([one, text]) => noticeOf(one, text)).filter((one) =>
    /^[45]/.test(readReply(one.diagnostic).code),
  );
}

const noticeOf = (recipient: string, reply: string): Notice => ({
  ...emptyNotice,
  recipient,
  diagnostic: reply.trim(),
  command: readCommand(reply),
});

/** The notice of the only one that is named; null when there are none or several. */
function ofOnly(named: ReadonlySet<string>, text: string): Notice | null {
  const [only = '', ...others] = named;
  return only === '' || others.length > 0 ? null : noticeOf(only, text);
}
