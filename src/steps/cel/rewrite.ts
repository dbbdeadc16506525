import type { Types } from '../step.ts';
import { didYouMean } from '../suggestion.ts';
import { comprehensions, type FunctionNames } from './functions.ts';
import { limits } from './limits.ts';
import type { Patterns } from './patterns.ts';
import { presence } from './presence.ts';
import { call, children, type Node, rename } from './syntax.ts';
import { variable } from './view.ts';

/** Something wrong with an expression, at an offset of its text. */
export interface Fault {
  readonly offset: number;
  readonly message: string;
  readonly suggestion?: string;
}

interface Scope {
  readonly variables: ReadonlySet<string>;
  readonly comprehensions: number;
}

/**
 * Goes over a parsed expression before its types are checked: names of fields and functions become those that are
 * registered, `has` becomes ours, literal patterns are compiled, and what may not stand in an expression is a fault.
 *
 * @param uses gains the fields that the expression names.
 */
export function rewrite(
  root: Node,
  types: Types,
  names: FunctionNames,
  patterns: Patterns,
  uses: Set<string>,
): readonly Fault[] {
  const faults: Fault[] = [];

  const identifier = (node: Node, scope: Scope): void => {
    const name = String(node.args);
    if (scope.variables.has(name)) return;
    if (types.has(name)) {
      node.args = variable(name);
      uses.add(name);
    } else {
      const known = [...scope.variables, ...types.keys()];
      faults.push({
        offset: node.start,
        message: `unknown field "${name}"`,
        suggestion: `known here: ${known.sort().join(', ')}`,
        ...didYouMean(name, known),
      });
    }
  };

  /** `list.map(x, …)` and `cel.bind(x, value, …)`: the first argument names a variable of the others. */
  const binding = (node: Node, name: string, receiver: Node, args: readonly Node[], scope: Scope): void => {
    const [name1, ...bodies] = args;
    if (name1?.op !== 'id' || (node.meta.alternate ?? node.meta.macro) === undefined) {
      const form = name === 'bind' ? 'cel.bind(variable, value, expression)' : `list.${name}(variable, expression)`;
      faults.push({ offset: node.start, message: `write ${form}` });
      return;
    }
    const inner: Scope = {
      variables: new Set([...scope.variables, String(name1.args)]),
      comprehensions: scope.comprehensions + (name === 'bind' ? 0 : 1),
    };
    if (inner.comprehensions > limits.comprehensions) {
      faults.push({ offset: node.start, message: `at most ${limits.comprehensions} comprehensions may be nested` });
    }
    if (name === 'bind') {
      const [value, ...expression] = bodies;
      if (value !== undefined) walk(value, scope);
      for (const body of expression) walk(body, inner);
      return;
    }
    walk(receiver, scope);
    for (const body of bodies) walk(body, inner);
  };

  const walk = (node: Node, scope: Scope): void => {
    if (node.op === 'id') {
      identifier(node, scope);
      return;
    }
    const found = call(node);
    if (found === undefined) {
      for (const child of children(node)) walk(child, scope);
      return;
    }
    const { name, receiver, args } = found;
    const known = receiver === undefined ? names.functions : names.methods;
    const registered = known.get(name);
    if (registered === undefined) {
      const other = receiver === undefined ? names.methods : names.functions;
      const form = receiver === undefined ? `value.${name}(…)` : `${name}(value)`;
      const suggestion = other.has(name) ? { suggestion: `write ${form}` } : didYouMean(name, known.keys());
      faults.push({ offset: node.start, message: `unknown function ${name}()`, ...suggestion });
      return;
    }
    if (receiver !== undefined && name === 'bind' && receiver.op === 'id' && receiver.args === 'cel') {
      binding(node, name, receiver, args, scope);
      return;
    }
    if (receiver !== undefined && comprehensions.has(name)) {
      binding(node, name, receiver, args, scope);
      return;
    }
    if (name === 'has') {
      const [argument] = args;
      const macro = argument === undefined || args.length > 1 ? undefined : presence(argument, scope.variables);
      if (macro === undefined)
        faults.push({ offset: node.start, message: 'write has(FIELD), has(VALUE.KEY) or has(VALUE[KEY])' });
      else node.setMeta('macro', macro);
    }
    const [pattern] = args;
    if (
      receiver !== undefined &&
      (name === 'matches' || name === 'extract') &&
      typeof pattern?.args === 'string' &&
      pattern.op === 'value'
    ) {
      const problem = patterns.literal(pattern.args);
      if (problem !== undefined)
        faults.push({ offset: pattern.start, message: `not an RE2 regular expression: ${problem}` });
    }
    rename(node, registered);
    if (receiver !== undefined) walk(receiver, scope);
    for (const arg of args) walk(arg, scope);
  };

  walk(root, { variables: new Set(), comprehensions: 0 });
  return faults;
}
