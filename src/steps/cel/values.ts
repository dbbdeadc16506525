import type { Address, Attachment, FieldType, Link, MailingList, RawHeader } from '../../message/fields.ts';
import { authenticationTypes } from './authentication.ts';

/** The object type `address` of expressions. All its fields are strings; an absent address has empty ones. */
export class CelAddress {
  readonly name: string;
  readonly address: string;
  readonly domain: string;
  readonly group: string;

  constructor(name: string, address: string, domain: string, group: string) {
    this.name = name;
    this.address = address;
    this.domain = domain;
    this.group = group;
  }

  /** The address as documents hold it; undefined for an absent one. */
  toDocument(): Address | undefined {
    const { name, address, domain, group } = this;
    if (name === '' && address === '') return undefined;
    return group === '' ? { name, address, domain } : { name, address, domain, group };
  }
}

/** The object type `attachment` of expressions. */
export class CelAttachment {
  readonly filename: string;
  readonly contentType: string;
  readonly size: bigint;
  readonly sha256: string;
  readonly contentId: string;
  readonly inline: boolean;

  constructor(attachment: Attachment, filename: string, contentType: string, contentId: string) {
    this.filename = filename;
    this.contentType = contentType;
    this.size = BigInt(attachment.size);
    this.sha256 = attachment.sha256;
    this.contentId = contentId;
    this.inline = attachment.inline;
  }

  /** The attachment as documents hold it. */
  toDocument(): Attachment {
    const { filename, contentType, sha256, contentId, inline } = this;
    return { filename, contentType, size: Number(this.size), sha256, contentId, inline };
  }
}

/** The object type `link` of expressions. */
export class CelLink {
  readonly url: string;
  readonly text: string;

  constructor(url: string, text: string) {
    this.url = url;
    this.text = text;
  }

  /** The link as documents hold it. */
  toDocument(): Link {
    return { url: this.url, text: this.text };
  }
}

/** The object type `header` of expressions. */
export class CelHeader {
  readonly name: string;
  readonly value: string;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
  }

  /** The header field as documents hold it. */
  toDocument(): RawHeader {
    return { name: this.name, value: this.value };
  }
}

/** The object type `mailingList` of expressions; that of a message without list headers has empty fields. */
export class CelMailingList {
  readonly id: string;
  readonly name: string;
  readonly post: string;
  readonly unsubscribe: readonly string[];
  readonly unsubscribeOneClick: string;
  readonly subscribe: string;
  readonly archive: string;
  readonly help: string;
  readonly owner: string;

  constructor(list: MailingList | undefined, cut: (text: string) => string) {
    this.id = cut(list?.id ?? '');
    this.name = cut(list?.name ?? '');
    this.post = cut(list?.post ?? '');
    this.unsubscribe = (list?.unsubscribe ?? []).map(cut);
    this.unsubscribeOneClick = cut(list?.unsubscribeOneClick ?? '');
    this.subscribe = cut(list?.subscribe ?? '');
    this.archive = cut(list?.archive ?? '');
    this.help = cut(list?.help ?? '');
    this.owner = cut(list?.owner ?? '');
  }

  /** The list as documents hold it. */
  toDocument(): MailingList {
    return { ...this };
  }
}

/** Fields of the object types, by name and CEL type. */
export const objectTypes = {
  address: {
    ctor: CelAddress,
    fields: { name: 'string', address: 'string', domain: 'string', group: 'string' },
  },
  attachment: {
    ctor: CelAttachment,
    fields: {
      filename: 'string',
      contentType: 'string',
      size: 'int',
      sha256: 'string',
      contentId: 'string',
      inline: 'bool',
    },
  },
  link: { ctor: CelLink, fields: { url: 'string', text: 'string' } },
  header: { ctor: CelHeader, fields: { name: 'string', value: 'string' } },
  mailingList: {
    ctor: CelMailingList,
    fields: {
      id: 'string',
      name: 'string',
      post: 'string',
      unsubscribe: 'list<string>',
      unsubscribeOneClick: 'string',
      subscribe: 'string',
      archive: 'string',
      help: 'string',
      owner: 'string',
    },
  },
  ...authenticationTypes,
} as const;

/** The library's names of field types. */
export const celTypes: Readonly<Record<FieldType, string>> = {
  string: 'string',
  int: 'int',
  double: 'double',
  bool: 'bool',
  timestamp: 'google.protobuf.Timestamp',
  address: 'address',
  'list<string>': 'list<string>',
  'list<address>': 'list<address>',
  'list<attachment>': 'list<attachment>',
  'list<link>': 'list<link>',
  'list<header>': 'list<header>',
  headers: 'map<string, list<string>>',
  mailingList: 'mailingList',
  report: 'map<string, dyn>',
  authentication: 'authentication',
  dyn: 'dyn',
};

/** The type of a field that is set to a value of this CEL type; otherwise why no field can hold it. */
export function fieldType(celType: string): { readonly type: FieldType } | { readonly problem: string } {
  for (const [type, name] of Object.entries(celTypes)) {
    // Object.entries widens the keys of a record that is typed by FieldType. Only the message's own report is of that type.
    if (name === celType && type !== 'report') return { type: type as FieldType };
  }
  switch (celType) {
    case 'google.protobuf.Duration':
      return { problem: 'a field cannot hold a duration; take getSeconds() of it' };
    case 'uint':
      return { problem: 'a field cannot hold an unsigned integer; leave out the u' };
    case 'bytes':
    case 'type':
    case 'null':
      return { problem: `a field cannot hold a value of type ${celType}` };
    default:
      return { type: 'dyn' };
  }
}
