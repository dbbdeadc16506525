import type { ParseResult } from '@marcbachmann/cel-js';

/** Where the library looks variables up. */
export interface Scope {
  getValue(name: string): unknown;
}

/** Evaluates one node of a tree. */
export type Evaluate = (evaluator: Evaluator, node: Node, scope: Scope) => unknown;

export interface Evaluator {
  run(node: Node, scope: Scope): unknown;
}

export interface Checker {
  check(node: Node, scope: Scope): unknown;
  getType(name: string): unknown;
}

/** A macro that stands in the place of a call. */
export interface Macro {
  readonly evaluate: (evaluator: Evaluator, macro: Macro, scope: Scope) => unknown;
  readonly typeCheck: (checker: Checker, macro: Macro, scope: Scope) => unknown;
}

/** What of the library's syntax tree is used here; its typings leave out `meta`, which its own macros build on. */
export interface Node {
  readonly op: string;
  args: unknown;
  readonly start: number;
  readonly end: number;
  /** Once it is checked. */
  readonly checkedType?: { readonly name?: string };
  readonly meta: { readonly evaluate: Evaluate; readonly alternate?: Node; readonly macro?: unknown };
  setMeta(key: 'evaluate', value: Evaluate): Node;
  setMeta(key: 'macro', value: Macro): Node;
}

/** The tree of a parsed expression. */
export const tree = (parsed: ParseResult): Node => parsed.ast as unknown as Node;

export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'setMeta' in value;

/** The nodes right below a node, in the order of the text. */
export function children(node: Node): readonly Node[] {
  const found: Node[] = [];
  const collect = (value: unknown): void => {
    if (isNode(value)) found.push(value);
    else if (Array.isArray(value)) for (const item of value) collect(item);
  };
  collect(node.args);
  return found;
}

/** A call by its parts; undefined for other nodes. */
export function call(
  node: Node,
): { readonly name: string; readonly receiver: Node | undefined; readonly args: readonly Node[] } | undefined {
  if (!Array.isArray(node.args) || (node.op !== 'call' && node.op !== 'rcall')) return undefined;
  const [name, ...rest]: readonly unknown[] = node.args;
  if (typeof name !== 'string') return undefined;
  const args: unknown = rest.at(-1);
  const receiver = node.op === 'rcall' ? rest[0] : undefined;
  return {
    name,
    receiver: isNode(receiver) ? receiver : undefined,
    args: Array.isArray(args) ? args.filter(isNode) : [],
  };
}

/** Lets a call go to the function of this name. */
export function rename(node: Node, name: string): void {
  if (Array.isArray(node.args)) node.args[0] = name;
}
