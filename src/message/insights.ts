import { dateOffset } from './date-offset.ts';
import { Defects } from './defects.ts';
import { decodeRawHeader } from './encoded-words.ts';
import { firstField } from './headers.ts';
import { LazyMessage } from './lazy-message.ts';
import { linksOf } from './links.ts';
import { isListField, listHeaders, type MailingList } from './list-headers.ts';
import type { Link, RawHeader } from './message.ts';
import type { Message } from './normal-message.ts';
import { replyOf } from './reply/reply.ts';
import { type Report, reportOf } from './reports/report.ts';
import { clean } from './sanitize.ts';
import { reportedThreadKey, threadKey } from './thread.ts';

/** A message that tells its insights when asked; what is dear is kept. */
export class InsightfulMessage extends LazyMessage implements Message {
  #reply: string | undefined;
  #links: readonly Link[] | undefined;
  #report: Report | null | undefined;

  get dateOffset(): number | null {
    return this.date === null ? null : dateOffset(firstField(this.structure.fields, 'date'));
  }

  get rawHeaders(): readonly RawHeader[] {
    const unused = new Defects();
    return this.structure.fields.map(({ name, value }) => ({
      name,
      value: clean(decodeRawHeader(value, 'header', unused), 'header', unused),
    }));
  }

  get list(): MailingList | null {
    // Most mail has none: the map of headers is not made for it.
    return this.structure.fields.some(({ name }) => isListField(name)) ? listHeaders(this.headers) : null;
  }

  get threadKey(): string {
    // A report names no message in its own header, as a rule, and belongs to what it is about.
    const orphan = this.references.length === 0 && this.inReplyTo.length === 0;
    const reported = orphan && this.report !== null ? reportedThreadKey(this.report) : undefined;
    return reported ?? threadKey(this);
  }

  get reply(): string {
    this.#reply ??= replyOf(this);
    return this.#reply;
  }

  get links(): readonly Link[] {
    this.#links ??= linksOf(this.html, this.text);
    return this.#links;
  }

  get report(): Report | null {
    if (this.#report === undefined) this.#report = reportOf(this, this.structure);
    return this.#report;
  }
}

/** Names of everything that a message has, in the order of the schema. */
const names = [
  'messageId',
  'inReplyTo',
  'references',
  'subject',
  'from',
  'sender',
  'replyTo',
  'to',
  'cc',
  'bcc',
  'date',
  'headers',
  'text',
  'html',
  'attachments',
  'protection',
  'messageClass',
  'defects',
  'dateOffset',
  'threadKey',
  'rawHeaders',
  'list',
  'reply',
  'links',
  'report',
] as const satisfies readonly (keyof Message)[];

/** A message with everything that is told of it as properties of its own, decoded. */
export function everything(message: Message): Message {
  const all: Partial<Record<keyof Message, unknown>> = {};
  for (const name of names) all[name] = message[name];
  // Each name is there: the list has every one.
  return all as Message;
}
