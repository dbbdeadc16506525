import type { UnsetSpec } from '../api/kinds/steps.ts';
import type { StepCompilation, StepIssue, Types } from './step.ts';
import { didYouMean } from './suggestion.ts';

/** Compiles the removal of fields. Each must be known at this point of the pipeline. */
export function compileUnset(spec: UnsetSpec, types: Types, path: string): StepCompilation {
  const issues: StepIssue[] = spec.flatMap((field, index) => {
    if (types.has(field)) return [];
    return [
      {
        path: `${path}[${index}]`,
        message: `there is no field "${field}" at this step`,
        ...didYouMean(field, types.keys()),
      },
    ];
  });
  if (issues.length > 0) return { ok: false, issues };
  const removed = new Set(spec);
  return {
    ok: true,
    types: new Map([...types].filter(([field]) => !removed.has(field))),
    run: (document) => ({
      outcome: 'pass',
      document: Object.fromEntries(Object.entries(document).filter(([field]) => !removed.has(field))),
    }),
  };
}
