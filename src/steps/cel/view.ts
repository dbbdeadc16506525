import { type Authentication, notVerified } from '../../message/authentication/authentication.ts';
import type { Address, Attachment, Document, FieldType, Link, MailingList, RawHeader } from '../../message/fields.ts';
import type { Types } from '../step.ts';
import { CelAuthentication } from './authentication.ts';
import { inputCut, limits } from './limits.ts';
import { CelAddress, CelAttachment, CelHeader, CelLink, CelMailingList } from './values.ts';

/** The library's variable of a field. No expression can spell it, so neither CEL's own names nor loop variables meet it. */
export const variable = (field: string): string => `$${field}`;

/** The name under which a view says whether a field is there. */
export const presenceOf = (field: string): string => `?${field}`;

/** A field of a document; undefined when it is absent. Names such as `constructor` find nothing that is inherited. */
export function own(document: Document, field: string): unknown {
  const value = Object.hasOwn(document, field) ? document[field] : undefined;
  return value === null ? undefined : value;
}

/** Whether `has(FIELD)` holds: the field is there and not empty. */
function present(document: Document, field: string): boolean {
  const value = own(document, field);
  if (value === undefined || value === '') return false;
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof Map) return value.size > 0;
  return true;
}

/**
 * A document as expressions see it: variables of the library's types, made when they are first used, with
 * strings and lists cut (`limits.ts`). An absent string is `""`, an absent list or map is empty, an absent address has
 * empty fields, an absent mailing list too, and the kind of an absent report is empty; anything else that is absent is undefined here, which the library makes an error.
 */
export class DocumentView extends Map<string, unknown> {
  readonly document: Document;
  readonly #types: Types;
  #cut = false;

  constructor(document: Document, types: Types) {
    super();
    this.document = document;
    this.#types = types;
  }

  /** `document`, with a defect when something that was looked at so far is longer than what was seen of it. */
  marked(document: Document): Document {
    const { defects } = document;
    if (!this.#cut || !Array.isArray(defects) || defects.includes(inputCut)) return document;
    return { ...document, defects: [...defects, inputCut] };
  }

  override get(name: string): unknown {
    const known = super.get(name);
    if (known !== undefined) return known;
    const field = name.slice(1);
    if (name === presenceOf(field)) return present(this.document, field);
    const type = this.#types.get(field);
    if (type === undefined) return undefined;
    const value = this.#value(type, own(this.document, field));
    this.set(name, value);
    return value;
  }

  #string(text: string): string {
    if (text.length <= limits.viewString) return text;
    this.#cut = true;
    const last = text.charCodeAt(limits.viewString - 1);
    return text.slice(0, limits.viewString - (last >= 0xd800 && last <= 0xdbff ? 1 : 0));
  }

  #list<T>(list: readonly T[]): readonly T[] {
    if (list.length <= limits.viewList) return list;
    this.#cut = true;
    return list.slice(0, limits.viewList);
  }

  #address(value: Address): CelAddress {
    const { name, address, domain, group } = value;
    return new CelAddress(
      this.#string(name),
      this.#string(address),
      this.#string(domain),
      group === undefined ? '' : this.#string(group),
    );
  }

  #headers(headers: ReadonlyMap<string, readonly string[]>): Map<string, readonly string[]> {
    const view = new Map<string, readonly string[]>();
    for (const [name, values] of headers) {
      if (view.size >= limits.viewList) {
        this.#cut = true;
        break;
      }
      view.set(
        name,
        this.#list(values).map((v) => this.#string(v)),
      );
    }
    return view;
  }

  /** A value of any JSON shape; whole numbers are ints. */
  #dyn(value: unknown): unknown {
    if (typeof value === 'string') return this.#string(value);
    if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
    if (Array.isArray(value)) return this.#list(value).map((v) => this.#dyn(v));
    if (value instanceof Date || value instanceof Map) return value;
    if (typeof value !== 'object' || value === null) return value;
    return new Map(this.#list(Object.entries(value)).map(([key, v]) => [this.#string(key), this.#dyn(v)]));
  }

  /** `value` has the shape of `type`: the message, or the step that set the field, made it so. */
  #value(type: FieldType, value: unknown): unknown {
    switch (type) {
      case 'string':
        return typeof value === 'string' ? this.#string(value) : (value ?? '');
      case 'int':
        return typeof value === 'number' ? BigInt(value) : value;
      case 'double':
      case 'bool':
      case 'timestamp':
        return value;
      case 'address':
        return value === undefined ? new CelAddress('', '', '', '') : this.#address(value as Address);
      case 'list<string>':
        return this.#list((value ?? []) as readonly string[]).map((v) => this.#string(v));
      case 'list<address>':
        return this.#list((value ?? []) as readonly Address[]).map((v) => this.#address(v));
      case 'list<attachment>':
        return this.#list((value ?? []) as readonly Attachment[]).map(
          (v) => new CelAttachment(v, this.#string(v.filename), this.#string(v.contentType), this.#string(v.contentId)),
        );
      case 'headers':
        return this.#headers((value ?? new Map()) as ReadonlyMap<string, readonly string[]>);
      case 'list<link>':
        return this.#list((value ?? []) as readonly Link[]).map(
          ({ url, text }) => new CelLink(this.#string(url), this.#string(text)),
        );
      case 'list<header>':
        return this.#list((value ?? []) as readonly RawHeader[]).map(
          (one) => new CelHeader(this.#string(one.name), this.#string(one.value)),
        );
      case 'mailingList':
        return new CelMailingList(value as MailingList | undefined, (text) => this.#string(text));
      case 'report':
        return this.#dyn(value ?? { kind: '' });
      case 'authentication':
        return new CelAuthentication((value as Authentication | undefined) ?? notVerified('NoTrustedResults'));
      case 'dyn':
        return this.#dyn(value);
    }
  }
}
