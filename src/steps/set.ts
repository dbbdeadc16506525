import type { SetSpec } from '../api/kinds/steps.ts';
import { type Document, type FieldType, onDemand } from '../message/fields.ts';
import type { Compiler, Expression } from './cel/expression.ts';
import type { Work } from './cel/meter.ts';
import { DocumentView } from './cel/view.ts';
import type { StepCompilation, StepIssue, StepOutcome, Types } from './step.ts';

/** Words that CEL reads as something else than a name. */
const words = new Set(
  'as break const continue else false for function if import in let loop namespace null package prototype return true var void while'.split(
    ' ',
  ),
);

function nameProblem(field: string): string | undefined {
  if (field === 'true' || field === 'false')
    return `"${field}" cannot name a field; YAML reads n, no, off, y, yes and on as false and true: put the name in quotes`;
  if (words.has(field)) return `"${field}" is a word of the expression language and cannot name a field`;
  if (onDemand.has(field)) return `"${field}" is stored only where columns name it; set a field of another name`;
  if (field in {}) return `"${field}" cannot name a field`;
  return undefined;
}

interface Assignment {
  readonly field: string;
  readonly expression: Expression;
}

function assign(assignments: readonly Assignment[], types: Types, document: Document, work: Work): StepOutcome {
  const incoming = new DocumentView(document, types);
  const next: Document = { ...document };
  for (const { field, expression } of assignments) {
    const result = expression.evaluate(incoming, work);
    if (!result.ok) return { outcome: 'error', message: `${field}: ${result.message}` };
    if (result.value === undefined) delete next[field];
    else next[field] = result.value;
  }
  return { outcome: 'pass', document: incoming.marked(next) };
}

/**
 * Compiles the setting of fields. All expressions see the document as it came in; a field that exists is replaced, with the type
 * of its expression. An expression whose value is absent (a bare name of an absent field) removes the field.
 */
export function compileSet(compiler: Compiler, spec: SetSpec, types: Types, path: string): StepCompilation {
  const issues: StepIssue[] = [];
  const assignments: Assignment[] = [];
  const environment = compiler.fields(types);
  // Sorted as the API server sorts them: the order of columns must not depend on who wrote the file.
  for (const [field, text] of Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const problem = nameProblem(field);
    if (problem !== undefined) {
      issues.push({ path: `${path}.${field}`, message: problem });
      continue;
    }
    const compiled = environment.compile(text);
    if (compiled.ok) assignments.push({ field, expression: compiled.expression });
    else {
      const { message, suggestion } = compiled;
      issues.push({ path: `${path}.${field}`, message, ...(suggestion !== undefined && { suggestion }) });
    }
  }
  if (issues.length > 0) return { ok: false, issues };
  const added: readonly (readonly [string, FieldType])[] = assignments.map((a) => [a.field, a.expression.type]);
  return {
    ok: true,
    types: new Map([...types, ...added]),
    run: (document, work) => assign(assignments, types, document, work),
  };
}
