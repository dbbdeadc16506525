import { htmlToText } from '../html-to-text.ts';
import type { ParsedMessage } from '../message.ts';
import { withoutQuotes } from './html-quotes.ts';
import { replyOfText } from './text-reply.ts';

/** Longest HTML that is looked at, in UTF-16 units. */
const maxHtml = 4_194_304;

type Source = Pick<ParsedMessage, 'text' | 'html' | 'subject' | 'to' | 'cc'>;

/** Whether the message has no text of its own: what it shows as text is its HTML. */
const isHtmlOnly = ({ text, html }: Source): boolean =>
  html !== '' && (text === '' || (text.length <= html.length && htmlToText(html) === text));

/**
 * The newest reply of a message: its text without quotations, the lines that announce them, and signatures. From HTML when there is no
 * text; then the marks of mail programs count as well. Deterministic, linear, and the same for every language.
 */
export function replyOf(message: Source): string {
  const recipients = new Set<string>();
  for (const { name, address } of [...message.to, ...message.cc].slice(0, 1_000))
    for (const one of [name, address]) if (one !== '') recipients.add(one.toLowerCase());
  const text = isHtmlOnly(message) ? htmlToText(withoutQuotes(message.html.slice(0, maxHtml))) : message.text;
  return replyOfText(text, { subject: message.subject, recipients });
}
