import type { Plain } from '../../src/commands/parse/plain.ts';
import type { Random } from './random.ts';

/** One input of a target. */
export interface Case {
  readonly bytes: Buffer;
  /** What must come of it, as far as it was made on purpose: members that are absent may be anything. */
  readonly expected?: Plain;
}

/** Something that is fuzzed. */
export interface Target {
  readonly name: string;
  /** CPU milliseconds that any input may take, and that each KiB of it may take besides. */
  readonly budget: { readonly base: number; readonly perKiB: number };
  readonly generate: (random: Random) => Case;
  /** Throws a `Divergence` when a promise is broken, or whatever a crash throws. */
  readonly check: (one: Case) => void | Promise<void>;
}

/** A broken promise. `rule` is constant, `detail` tells about the input. */
export class Divergence extends Error {
  readonly rule: string;

  constructor(rule: string, detail: string) {
    super(`${rule}: ${detail}`);
    this.rule = rule;
  }
}

export type FindingKind = 'crash' | 'divergence' | 'slow';

/** What is wrong with an input; two with the same `signature` are taken for the same fault. */
export interface Fault {
  readonly kind: FindingKind;
  readonly signature: string;
  readonly detail: string;
}

/** The first line of ours in a stack. */
const place = (stack: string): string =>
  /\n\s+at .*?((?:src|test|node_modules)\/[^\s:)]+)/.exec(stack)?.[1] ?? 'somewhere';

/** The fault that a check threw. */
export function faultOf(error: unknown): Fault {
  if (error instanceof Divergence) return { kind: 'divergence', signature: error.rule, detail: error.message };
  if (!(error instanceof Error)) return { kind: 'crash', signature: `thrown ${typeof error}`, detail: String(error) };
  const { name, message, stack = '' } = error;
  return { kind: 'crash', signature: `${name} in ${place(stack)}`, detail: `${message}\n${stack}` };
}
