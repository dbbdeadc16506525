import type { EvaluationError } from '@marcbachmann/cel-js';
import { evaluationError } from './error.ts';
import { limits } from './limits.ts';

/** What the steps of a pipeline may still do on one document. */
export interface Work {
  left: number;
}

/** The work that one document is worth. */
export const fullWork = (): Work => ({ left: limits.work });

/**
 * Counts the work of evaluations and ends them when `limits.work` units are used up. The library bounds only what it
 * parses, and two nested comprehensions over long strings could still take minutes and gigabytes. A unit is in
 * the order of 50 ns and of at most 16 bytes.
 */
export class Meter {
  #work = fullWork();
  // One error for the whole life: building a stack for each of a million elements would be the attack itself.
  readonly #exhausted: EvaluationError = evaluationError('work_exhausted');

  /** Begins an evaluation that takes from this work. */
  start(work: Work): void {
    this.#work = work;
  }

  /** Throws when the work is used up. */
  spend(units: number): void {
    this.#work.left -= units;
    if (this.#work.left < 0) throw this.#exhausted;
  }

  /** Accounts for a value that a node of the expression gave, and bounds its size. */
  value(value: unknown): void {
    if (typeof value === 'string') {
      if (value.length > limits.madeString) throw evaluationError('string_too_long');
      this.spend(value.length / 64);
    } else if (Array.isArray(value)) {
      if (value.length > limits.madeList) throw evaluationError('list_too_long');
      let units = value.length / 4;
      for (const item of value) if (typeof item === 'string') units += item.length / 64;
      this.spend(units);
    } else if (value instanceof Map) {
      this.spend(value.size);
    }
  }

  /** Accounts for a new string before it is made. */
  making(length: number): void {
    if (length > limits.madeString) throw evaluationError('string_too_long');
    this.spend(1 + length / 8);
  }

  /** Accounts for looking for `needle` in `haystack`; the worst case is the product of their lengths. */
  search(haystack: string, needle: string): void {
    this.spend(1 + haystack.length / 64 + (haystack.length * needle.length) / 4096);
  }
}
