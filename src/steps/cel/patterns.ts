import { RE2JS } from 're2js';
import { evaluationError } from './error.ts';
import { limits } from './limits.ts';
import type { Meter } from './meter.ts';

/**
 * Regular expressions on RE2, whose time is linear in the text. Literal patterns are compiled with the expression and kept;
 * others are bounded in length and the most recently used are kept.
 */
export class Patterns {
  readonly #meter: Meter;
  readonly #literals = new Map<string, RE2JS>();
  readonly #recent = new Map<string, RE2JS>();

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** Compiles a literal pattern for good. Returns what is wrong with it, or undefined. */
  literal(pattern: string): string | undefined {
    try {
      if (!this.#literals.has(pattern)) this.#literals.set(pattern, RE2JS.compile(pattern));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'not a pattern';
    }
  }

  /** Whether the pattern matches somewhere in the text. */
  matches(text: string, pattern: string): boolean {
    const compiled = this.#compiled(pattern);
    this.#meter.spend((text.length * compiled.programSize()) / 64);
    return compiled.test(text);
  }

  /** The first capture group of the first match, or the whole match when there is no group; empty when nothing matches. */
  extract(text: string, pattern: string): string {
    const compiled = this.#compiled(pattern);
    // Groups need the slower of RE2's engines: at worst 20 ns for each character and instruction.
    this.#meter.spend((text.length * compiled.programSize()) / 8);
    const match = compiled.matcher(text);
    if (!match.find()) return '';
    return match.group(match.groupCount() > 0 ? 1 : 0) ?? '';
  }

  #compiled(pattern: string): RE2JS {
    const known = this.#literals.get(pattern) ?? this.#recent.get(pattern);
    if (known !== undefined) {
      if (this.#recent.delete(pattern)) this.#recent.set(pattern, known);
      return known;
    }
    if (pattern.length > limits.dynamicPattern) throw evaluationError('pattern_too_long');
    this.#meter.spend(20_000);
    let compiled: RE2JS;
    try {
      compiled = RE2JS.compile(pattern);
    } catch {
      throw evaluationError('invalid_regular_expression');
    }
    this.#recent.set(pattern, compiled);
    const oldest = this.#recent.keys().next();
    if (this.#recent.size > limits.dynamicPatterns && !oldest.done) this.#recent.delete(oldest.value);
    return compiled;
  }
}
