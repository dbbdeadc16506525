import { arrayOf, type ElementType } from './wire/array-writer.ts';
import type { BinaryWriter } from './wire/binary-writer.ts';

/** Parameters of a statement in the making; each method gives the text that stands for its parameter. */
export class Params {
  readonly values: unknown[] = [];

  one(value: unknown, type: string): string {
    return `$${this.values.push(value)}::${type}`;
  }

  /** An array in the binary format; `write` appends an element. */
  array<T>(type: ElementType, items: readonly T[], write: (elements: BinaryWriter, item: T) => void): string {
    return `$${this.values.push(arrayOf(type, items, write))}::${type}[]`;
  }
}
