import type { Fault } from './rewrite.ts';
import { children, type Node } from './syntax.ts';

/** Types without fields, which the library's check lets anybody select. */
const fieldless: ReadonlyMap<string, string> = new Map([
  ['google.protobuf.Timestamp', 'a timestamp has no fields; its parts are functions, such as getFullYear()'],
  ['google.protobuf.Duration', 'a duration has no fields; its parts are functions, such as getSeconds()'],
  ['bytes', 'bytes have no fields'],
]);

/** The first field in a checked expression that is selected of a value without fields: a function without its parentheses, mostly. */
export function selectionFault(node: Node): Fault | undefined {
  const shown = node.meta.alternate ?? node;
  if (shown.op === '.' || shown.op === '[]') {
    const [of] = children(shown);
    const message = fieldless.get(of?.checkedType?.name ?? '');
    if (of && message !== undefined) return { offset: of.start, message };
  }
  for (const child of children(node)) {
    const fault = selectionFault(child);
    if (fault) return fault;
  }
  return undefined;
}
