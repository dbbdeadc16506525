import type { MailingList } from './list-headers.ts';
import type { Link, ParsedMessage, RawHeader } from './message.ts';
import type { Report } from './reports/report.ts';

/** What is told from the rest of a message; computed when it is first asked for. */
export interface Insights {
  /** Zone of the Date header in minutes east of Greenwich; null when it names none that is known, or `-0000`. */
  readonly dateOffset: number | null;
  /** Every field of the header in the order of the message, undecoded. */
  readonly rawHeaders: readonly RawHeader[];
  /** Text of the newest reply: without what it quotes, without attribution and signature, whatever the language. */
  readonly reply: string;
  /** Links of HTML and text in their order, each URL once. */
  readonly links: readonly Link[];
  /** What a mailing list says of itself; null when no list header is there. */
  readonly list: MailingList | null;
  /** What the messages of one conversation have in common, bounces and receipts included; empty when nothing tells. */
  readonly threadKey: string;
  /** What the message reports about other mail; null for ordinary mail. */
  readonly report: Report | null;
}

/**
 * A message, parsed and normalised. Deterministic: the same bytes give the same value on any day and machine.
 * Strings hold no U+0000 and no lone surrogates; dates are real instants between the years 1 and 9999.
 */
export interface Message extends ParsedMessage, Insights {}
