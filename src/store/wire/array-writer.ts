import { BinaryWriter } from './binary-writer.ts';

/** Object ids of PostgreSQL's built-in types (pg_type.dat); they are the same in every server. */
export const oids = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  integer: 23,
  text: 25,
  'double precision': 701,
  'timestamp with time zone': 1184,
  uuid: 2950,
  jsonb: 3802,
} as const;

export type ElementType = keyof typeof oids;

const headerBytes = 20;

/** Builds one array parameter in PostgreSQL's binary format (`array_recv`), element by element. */
export class ArrayWriter {
  readonly #type: ElementType;
  /** Takes the elements. */
  readonly elements: BinaryWriter;

  /** @param bytes of the elements, about. */
  constructor(type: ElementType, bytes: number) {
    this.#type = type;
    this.elements = new BinaryWriter(bytes, headerBytes);
  }

  /** The parameter with `count` elements; valid until the next write. */
  finish(count: number): Buffer {
    const bytes = this.elements.bytes();
    let at = bytes.writeInt32BE(1, 0); // dimensions
    at = bytes.writeInt32BE(1, at); // may hold nulls
    at = bytes.writeInt32BE(oids[this.#type], at);
    at = bytes.writeInt32BE(count, at);
    bytes.writeInt32BE(1, at); // lower bound
    return bytes;
  }
}

/** An array parameter of values that are at hand; `write` appends one. */
export function arrayOf<T>(
  type: ElementType,
  values: readonly T[],
  write: (elements: BinaryWriter, value: T) => void,
): Buffer {
  const writer = new ArrayWriter(type, values.length * 20);
  for (const value of values) write(writer.elements, value);
  return writer.finish(values.length);
}
