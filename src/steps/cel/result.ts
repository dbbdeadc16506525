import type { FieldType } from '../../message/fields.ts';
import { CelAuthentication, isAuthenticationPart } from './authentication.ts';
import { evaluationError } from './error.ts';
import { limits } from './limits.ts';
import { inRange } from './time.ts';
import { CelAddress, CelAttachment, CelHeader, CelLink, CelMailingList } from './values.ts';

const minInt = -(2n ** 63n);
const maxInt = 2n ** 63n - 1n;

/** Bounds what one result holds in all. */
class Size {
  #left = limits.madeString;

  take(units: number): void {
    this.#left -= units;
    if (this.#left < 0) throw evaluationError('result_too_large');
  }
}

/** Text that a database and JSON take: U+0000 and lone surrogates become U+FFFD, as the parser does it. */
function text(value: string, size: Size): string {
  size.take(value.length);
  return value.toWellFormed().replaceAll('\u0000', '\ufffd');
}

/** A 64-bit integer: a number when it is safe, else a bigint. */
function integer(value: bigint): number | bigint {
  if (value < minInt || value > maxInt) throw evaluationError('numeric_overflow');
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function timestamp(value: Date): Date {
  if (!inRange(value)) throw evaluationError('invalid_timestamp');
  return value;
}

function list(value: unknown, item: (value: unknown) => unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw evaluationError('result_type');
  if (value.length > limits.madeList) throw evaluationError('list_too_long');
  return value.map(item);
}

function address(value: unknown, size: Size) {
  const plain = value instanceof CelAddress ? value.toDocument() : undefined;
  if (plain !== undefined) size.take(plain.name.length + plain.address.length + plain.domain.length);
  return plain;
}

function attachment(value: unknown, size: Size) {
  if (!(value instanceof CelAttachment)) throw evaluationError('result_type');
  size.take(value.filename.length + value.contentType.length + value.contentId.length);
  return value.toDocument();
}

/** What the other object types hold is text that was seen: its size is that of the whole. */
function object(value: CelLink | CelHeader | CelMailingList, size: Size) {
  for (const one of Object.values(value).flat()) size.take(String(one).length);
  return value.toDocument();
}

/** A value of any type as plain JSON data. */
function plain(value: unknown, size: Size, depth: number): unknown {
  if (depth > limits.madeDepth) throw evaluationError('result_too_deep');
  size.take(1);
  if (typeof value === 'string') return text(value, size);
  if (typeof value === 'bigint') return integer(value);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (value instanceof Date) return timestamp(value).toISOString();
  if (Array.isArray(value)) return list(value, (v) => plain(v, size, depth + 1));
  if (value instanceof CelAddress) return address(value, size) ?? null;
  if (value instanceof CelAttachment) return attachment(value, size);
  if (value instanceof CelLink || value instanceof CelHeader || value instanceof CelMailingList)
    return object(value, size);
  if (isAuthenticationPart(value)) return plain(value.toDocument(), size, depth);
  if (typeof value !== 'object' || value === undefined) throw evaluationError('result_type');
  const prototype: unknown = Object.getPrototypeOf(value);
  if (!(value instanceof Map) && prototype !== Object.prototype && prototype !== null)
    throw evaluationError('result_type');
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  // fromEntries defines properties and never calls the setter of __proto__.
  return Object.fromEntries(
    Array.from(entries, ([key, v]) => {
      if (typeof key === 'object') throw evaluationError('result_type');
      return [text(String(key), size), plain(v, size, depth + 1)];
    }),
  );
}

function headers(value: unknown, size: Size): ReadonlyMap<string, readonly string[]> {
  if (typeof value !== 'object' || value === null) throw evaluationError('result_type');
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(value);
  return new Map(
    Array.from(entries, ([key, v]) => [text(String(key), size), list(v, (x) => text(String(x), size)).map(String)]),
  );
}

/**
 * The value of a field of this type out of an expression's result; undefined: the field is absent. Throws an
 * EvaluationError for a value that documents cannot hold or that is too large.
 */
export function fromCel(type: FieldType, value: unknown): unknown {
  const size = new Size();
  switch (type) {
    case 'string':
      if (typeof value === 'string') return text(value, size);
      break;
    case 'int':
      if (typeof value === 'bigint') return integer(value);
      break;
    case 'double':
      if (typeof value === 'number') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'timestamp':
      if (value instanceof Date) return timestamp(value);
      break;
    case 'address':
      return address(value, size);
    case 'list<string>':
      return list(value, (v) => {
        if (typeof v !== 'string') throw evaluationError('result_type');
        return text(v, size);
      });
    case 'list<address>':
      return list(value, (v) => address(v, size)).filter((v) => v !== undefined);
    case 'list<attachment>':
      return list(value, (v) => attachment(v, size));
    case 'list<link>':
      return list(value, (v) => {
        if (!(v instanceof CelLink)) throw evaluationError('result_type');
        return object(v, size);
      });
    case 'list<header>':
      return list(value, (v) => {
        if (!(v instanceof CelHeader)) throw evaluationError('result_type');
        return object(v, size);
      });
    case 'mailingList':
      if (value instanceof CelMailingList) return object(value, size);
      break;
    case 'authentication':
      if (value instanceof CelAuthentication) return plain(value, size, 0);
      break;
    case 'report':
      return plain(value, size, 0);
    case 'headers':
      return headers(value, size);
    case 'dyn':
      return value === null ? undefined : plain(value, size, 0);
  }
  throw evaluationError('result_type');
}
