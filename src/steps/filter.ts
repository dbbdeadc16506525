import type { FilterSpec } from '../api/kinds/steps.ts';
import type { Compiler } from './cel/expression.ts';
import { DocumentView } from './cel/view.ts';
import type { StepCompilation, Types } from './step.ts';

/** Compiles a filter: documents for which the expression is false are dropped. It must be of type bool. */
export function compileFilter(compiler: Compiler, spec: FilterSpec, types: Types, path: string): StepCompilation {
  const compiled = compiler.fields(types).compile(spec);
  if (!compiled.ok) {
    const { message, suggestion } = compiled;
    return { ok: false, issues: [{ path, message, ...(suggestion !== undefined && { suggestion }) }] };
  }
  const { expression } = compiled;
  if (expression.type !== 'bool') {
    const message = `a filter must be true or false; this expression is of type ${expression.type}`;
    return { ok: false, issues: [{ path, message, suggestion: 'compare it with something, or write has(FIELD)' }] };
  }
  return {
    ok: true,
    types,
    run: (document, work) => {
      const view = new DocumentView(document, types);
      const result = expression.evaluate(view, work);
      if (!result.ok) return { outcome: 'error', message: result.message };
      return result.value === true ? { outcome: 'pass', document: view.marked(document) } : { outcome: 'drop' };
    },
  };
}
