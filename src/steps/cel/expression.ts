import { TypeError as CelTypeError, Environment, ParseError, type ParseResult } from '@marcbachmann/cel-js';
import type { FieldType } from '../../message/fields.ts';
import type { Types } from '../step.ts';
import { describe, position } from './error.ts';
import { type FunctionNames, registerFunctions } from './functions.ts';
import { limits } from './limits.ts';
import { Meter, type Work } from './meter.ts';
import { Patterns } from './patterns.ts';
import { fromCel } from './result.ts';
import { type Fault, rewrite } from './rewrite.ts';
import { selectionFault } from './selection.ts';
import { children, type Node, tree } from './syntax.ts';
import { celTypes, fieldType, objectTypes } from './values.ts';
import { type DocumentView, own, variable } from './view.ts';

/** What an expression gives for one document; `undefined` is an absent value. */
export type Evaluation =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly message: string };

/** A compiled expression. */
export interface Expression {
  readonly type: FieldType;
  /** Evaluates it on a view of a document with the types it was compiled for. Never throws. */
  readonly evaluate: (view: DocumentView, work: Work) => Evaluation;
}

export type ExpressionCompilation =
  | { readonly ok: true; readonly expression: Expression }
  | { readonly ok: false; readonly message: string; readonly suggestion?: string };

/** Accounts for what the nodes of a checked expression do and make. */
function measure(root: Node, meter: Meter): void {
  const metered = (node: Node): void => {
    const inner = node.meta.evaluate;
    const made = node.op === '+' ? 4 : 1;
    node.setMeta('evaluate', (evaluator, self, scope) => {
      meter.spend(made);
      try {
        const value = inner(evaluator, self, scope);
        meter.value(value);
        return value;
      } catch (error) {
        // all() and exists() go on after an error, and errors are a hundred times dearer than values. Once the work is
        // used up each further element costs no more than the throw above.
        meter.spend(200);
        throw error;
      }
    });
  };
  const visit = (node: Node): void => {
    // A comprehension stands behind the call that it was written as.
    metered(node.meta.alternate ?? node);
    for (const child of children(node)) visit(child);
  };
  visit(root);
}

/** The library's message of a mistake in the words of resources: without our prefixes and its type names. */
function plain(message: string): string {
  return message
    .replaceAll('google.protobuf.Timestamp', 'timestamp')
    .replaceAll('google.protobuf.Duration', 'duration')
    .replaceAll('$', '');
}

/**
 * What all expressions of a process have in common: an environment is dear to make, and an operator compiles thousands of pipelines. An
 * evaluation is never interrupted by another, so that they can share the meter, and `patterns` is that of the one under way.
 */
class Shared {
  readonly meter = new Meter();
  patterns = new Patterns(this.meter);
  readonly base: Environment;
  readonly names: FunctionNames;

  constructor() {
    this.base = new Environment({
      unlistedVariablesAreDyn: false,
      homogeneousAggregateLiterals: true,
      enableOptionalTypes: false,
      limits: {
        maxAstNodes: limits.astNodes,
        maxDepth: limits.depth,
        maxListElements: 256,
        maxMapEntries: 256,
        maxCallArguments: 8,
      },
    });
    for (const [name, definition] of Object.entries(objectTypes)) this.base.registerType(name, definition);
    this.names = registerFunctions(this.base, this.meter, {
      matches: (text, pattern) => this.patterns.matches(text, pattern),
      extract: (text, pattern) => this.patterns.extract(text, pattern),
    });
  }
}

const shared = new Shared();

/**
 * Compiles the expressions of one pipeline. The types of fields may differ from step to step; what it knows of patterns is
 * shared by them.
 */
export class Compiler {
  readonly #patterns = new Patterns(shared.meter);
  readonly #uses = new Set<string>();

  /** Fields that the expressions compiled so far look at. */
  get uses(): ReadonlySet<string> {
    return this.#uses;
  }

  /** An environment whose variables are these fields. */
  fields(types: Types): { compile(text: string): ExpressionCompilation } {
    const environment = shared.base.clone();
    for (const [field, type] of types) environment.registerVariable(variable(field), celTypes[type]);
    return { compile: (text) => this.#compile(environment, types, text) };
  }

  #compile(environment: Environment, types: Types, text: string): ExpressionCompilation {
    const refuse = (fault: Fault): ExpressionCompilation => ({
      ok: false,
      message: `${position(text, fault.offset)}: ${fault.message}`,
      ...(fault.suggestion !== undefined && { suggestion: fault.suggestion }),
    });
    let parsed: ParseResult;
    try {
      parsed = environment.parse(text);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      const { summary } = error;
      const message = error.code === 'limit_exceeded' ? `the expression is too large: ${summary}` : summary;
      return refuse({ offset: error.range?.start ?? 0, message });
    }
    const root = tree(parsed);
    const identity = root.op === 'id' ? String(root.args) : undefined;
    const [fault] = rewrite(root, types, shared.names, this.#patterns, this.#uses);
    if (fault !== undefined) return refuse(fault);
    const checked = parsed.check();
    if (!checked.valid || checked.type === undefined) {
      if (!(checked.error instanceof CelTypeError)) {
        if (!/^Operator overload .* overlaps with /.test(checked.error?.message ?? '')) throw checked.error;
        // Elements of [] and {} fit every operator, and the library fails to choose.
        return refuse({
          offset: 0,
          message: 'the types of its values cannot be told: [] and {} have elements of no type',
        });
      }
      return refuse({ offset: checked.error.range?.start ?? 0, message: plain(checked.error.summary) });
    }
    const unselectable = selectionFault(root);
    if (unselectable !== undefined) return refuse(unselectable);
    const identityType = identity === undefined ? undefined : types.get(identity);
    if (identity !== undefined && identityType !== undefined) {
      const evaluate = (view: DocumentView): Evaluation => ({ ok: true, value: own(view.document, identity) });
      return { ok: true, expression: { type: identityType, evaluate } };
    }
    const result = fieldType(checked.type);
    if ('problem' in result) return refuse({ offset: 0, message: result.problem });
    measure(root, shared.meter);
    return { ok: true, expression: { type: result.type, evaluate: this.#evaluator(parsed, text, result.type) } };
  }

  #evaluator(parsed: ParseResult, text: string, type: FieldType): Expression['evaluate'] {
    const { meter } = shared;
    const patterns = this.#patterns;
    return (view, work) => {
      try {
        meter.start(work);
        shared.patterns = patterns;
        const value: unknown = parsed(view);
        // An exhausted meter that a logical operator swallowed.
        meter.spend(0);
        return { ok: true, value: fromCel(type, value) };
      } catch (error) {
        return { ok: false, message: describe(text, error) };
      }
    };
  }
}
