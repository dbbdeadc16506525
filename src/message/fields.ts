import { hash } from 'node:crypto';
import type { Address, Attachment, Link, RawHeader } from './message.ts';
import type { Message } from './normal-message.ts';

/** CEL types that a document field can have; `Types` is what a revision knows about its documents. */
export type FieldType =
  | 'string'
  | 'int'
  | 'double'
  | 'bool'
  | 'timestamp'
  | 'address'
  | 'list<string>'
  | 'list<address>'
  | 'list<attachment>'
  | 'list<link>'
  | 'list<header>'
  | 'headers'
  | 'mailingList'
  | 'report'
  | 'authentication'
  | 'dyn';

/** Where a message was seen; what a document knows about it beside its bytes. */
export interface Sighting {
  /** UUID of the message. */
  readonly id: string;
  readonly source: string;
  readonly account: string;
  readonly folder: string;
  /** INTERNALDATE, or the file's time. */
  readonly receivedAt: Date;
  /** Bytes of the raw message. */
  readonly size: number;
  /** SHA-256 of the raw message, lower-case hex. */
  readonly rawSha256: string;
  readonly flags: readonly string[];
}

/** What flows between steps: field name to value. Values are plain data in the shape of the field's type. */
export type Document = Record<string, unknown>;

/** One field of the message that documents start with. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly description: string;
  /** Expressions and `columns` can name it; a sink table without `columns` has none of it. */
  readonly onDemand?: true;
  readonly value: (message: Message, sighting: Sighting) => unknown;
}

/** The fields a document starts with, in the order of the columns of a sink table. */
export const messageFields: readonly Field[] = [
  { name: 'id', type: 'string', description: 'UUIDv8 of the message.', value: (_, s) => s.id },
  { name: 'account', type: 'string', description: 'Login that it was read with.', value: (_, s) => s.account },
  { name: 'folder', type: 'string', description: 'Folder where it was first seen.', value: (_, s) => s.folder },
  {
    name: 'receivedAt',
    type: 'timestamp',
    description: 'When the server received it (INTERNALDATE).',
    value: (_, s) => s.receivedAt,
  },
  { name: 'size', type: 'int', description: 'Bytes of the raw message.', value: (_, s) => s.size },
  { name: 'rawSha256', type: 'string', description: 'SHA-256 of the raw message, hex.', value: (_, s) => s.rawSha256 },
  { name: 'flags', type: 'list<string>', description: 'IMAP flags at the time of reading.', value: (_, s) => s.flags },
  { name: 'messageId', type: 'string', description: 'Message-ID without angle brackets.', value: (m) => m.messageId },
  { name: 'inReplyTo', type: 'list<string>', description: 'In-Reply-To ids.', value: (m) => m.inReplyTo },
  { name: 'references', type: 'list<string>', description: 'References ids.', value: (m) => m.references },
  { name: 'subject', type: 'string', description: 'Decoded subject.', value: (m) => m.subject },
  { name: 'date', type: 'timestamp', description: 'Date header; absent when it cannot be read.', value: (m) => m.date },
  {
    name: 'dateOffset',
    type: 'int',
    description: 'Zone of the Date header, minutes east of UTC; absent when it names none.',
    value: (m) => m.dateOffset,
  },
  {
    name: 'threadKey',
    type: 'string',
    description:
      'What the messages of one conversation share: the first id of References, In-Reply-To or Message-ID; for a bounce or receipt, of what it is about.',
    value: (m) => m.threadKey,
  },
  {
    name: 'from',
    type: 'address',
    description: 'First From address; absent when there is none.',
    value: (m) => m.from,
  },
  { name: 'sender', type: 'address', description: 'Sender address.', value: (m) => m.sender },
  { name: 'replyTo', type: 'list<address>', description: 'Reply-To addresses.', value: (m) => m.replyTo },
  { name: 'to', type: 'list<address>', description: 'To addresses.', value: (m) => m.to },
  { name: 'cc', type: 'list<address>', description: 'Cc addresses.', value: (m) => m.cc },
  { name: 'bcc', type: 'list<address>', description: 'Bcc addresses.', value: (m) => m.bcc },
  {
    name: 'headers',
    type: 'headers',
    description: 'Decoded header values by lower-case name.',
    value: (m) => m.headers,
  },
  {
    name: 'rawHeaders',
    type: 'list<header>',
    description: 'Every header field in its order, undecoded.',
    onDemand: true,
    value: (m) => m.rawHeaders,
  },
  {
    name: 'list',
    type: 'mailingList',
    description: 'List-Id and the other headers of a mailing list; absent when there are none.',
    value: (m) => m.list,
  },
  { name: 'text', type: 'string', description: 'Plain text; from HTML when there is none.', value: (m) => m.text },
  { name: 'html', type: 'string', description: 'HTML body.', value: (m) => m.html },
  {
    name: 'reply',
    type: 'string',
    description: 'Text without what it quotes and without signature.',
    onDemand: true,
    value: (m) => m.reply,
  },
  {
    name: 'links',
    type: 'list<link>',
    description: 'URL and text of each link in HTML and text.',
    onDemand: true,
    value: (m) => m.links,
  },
  {
    name: 'attachments',
    type: 'list<attachment>',
    description: 'Name, type, size and hash of each attachment.',
    value: (m) => m.attachments,
  },
  {
    name: 'protection',
    type: 'dyn',
    description: 'Whether it is signed or encrypted, by S/MIME or PGP; absent when neither.',
    onDemand: true,
    value: (m) => m.protection,
  },
  {
    name: 'report',
    type: 'report',
    description: 'What a bounce, complaint, DMARC or TLS report, receipt or automatic reply says; absent otherwise.',
    value: (m) => m.report,
  },
  {
    name: 'defects',
    type: 'list<string>',
    description: 'Codes of what was repaired or left out.',
    value: (m) => m.defects.map((d) => d.code),
  },
];

/** Types of the fields that a document starts with. */
export const messageTypes: ReadonlyMap<string, FieldType> = new Map(messageFields.map((f) => [f.name, f.type]));

/** Names of the fields that a sink stores only where its `columns` name them. */
export const onDemand: ReadonlySet<string> = new Set(messageFields.flatMap((f) => (f.onDemand ? [f.name] : [])));

/** The fields that a sink without `columns` stores, of those that documents have. */
export const storedFields = (types: ReadonlyMap<string, FieldType>): readonly string[] =>
  [...types.keys()].filter((name) => !onDemand.has(name));

/** The message's fields of these names. */
export const fieldsNamed = (names: ReadonlySet<string>): readonly Field[] =>
  messageFields.filter((field) => names.has(field.name));

/** The document of a message, with these of its fields; others are not computed. */
export function toDocument(message: Message, sighting: Sighting, fields: readonly Field[] = messageFields): Document {
  const document: Document = {};
  for (const field of fields) {
    const value = field.value(message, sighting);
    if (value !== null) document[field.name] = value;
  }
  return document;
}

/** SHA-256 of raw bytes, lower-case hex. */
export const sha256 = (raw: Uint8Array): string => hash('sha256', raw, 'hex');

export type { MailingList } from './list-headers.ts';
export type { Address, Attachment, Link, Message, RawHeader };
