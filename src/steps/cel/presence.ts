import { evaluationError } from './error.ts';
import { isNode, type Macro, type Node } from './syntax.ts';
import { presenceOf } from './view.ts';

/** Whether something is there and not empty, by a key of an object, a map or a list. */
function holds(container: unknown, key: unknown): boolean {
  if (container instanceof Map) return container.has(key);
  if (Array.isArray(container)) return typeof key === 'bigint' && key >= 0n && key < BigInt(container.length);
  if (typeof container !== 'object' || container === null || typeof key !== 'string') {
    throw evaluationError('no_matching_overload');
  }
  const value: unknown = Object.hasOwn(container, key) ? Reflect.get(container, key) : undefined;
  return value !== undefined && value !== '' && value !== false;
}

/**
 * `has(FIELD)`: the field is there and not empty. `has(VALUE.KEY)`, `has(VALUE[KEY])`: a map has the key, an address or attachment a
 * field that is not empty, a list the index. The library's own takes an empty field for a present one and knows no
 * fields of documents. Undefined when the argument is something else.
 */
export function presence(argument: Node, variables: ReadonlySet<string>): Macro | undefined {
  if (argument.op === 'id') {
    const field = String(argument.args);
    if (variables.has(field)) return undefined;
    return {
      typeCheck: (checker) => checker.getType('bool'),
      evaluate: (_evaluator, _macro, scope) => scope.getValue(presenceOf(field)),
    };
  }
  if (!Array.isArray(argument.args) || (argument.op !== '.' && argument.op !== '[]')) return undefined;
  const [left, key]: readonly unknown[] = argument.args;
  if (!isNode(left)) return undefined;
  return {
    typeCheck: (checker, _macro, scope) => {
      checker.check(argument, scope);
      return checker.getType('bool');
    },
    evaluate: (evaluator, _macro, scope) =>
      holds(evaluator.run(left, scope), isNode(key) ? evaluator.run(key, scope) : key),
  };
}
