import type { StepSpec } from '../api/email-pipeline.ts';
import type { Document } from '../message/fields.ts';
import { compileAuthenticate } from './authenticate.ts';
import { Compiler } from './cel/expression.ts';
import { fullWork } from './cel/meter.ts';
import { compileFilter } from './filter.ts';
import { compileSet } from './set.ts';
import type { CompiledStep, StepCompilation, StepEnvironment, StepIssue, StepRun, Types } from './step.ts';
import { compileUnset } from './unset.ts';

/**
 * Result of compiling all steps of a pipeline; `types` are those of the documents that reach the sinks, `uses` the fields that some
 * expression looks at.
 */
export type Compilation =
  | {
      readonly ok: true;
      readonly steps: readonly CompiledStep[];
      readonly types: Types;
      readonly uses: ReadonlySet<string>;
    }
  | { readonly ok: false; readonly issues: readonly StepIssue[] };

/** What the steps of a pipeline make of one document. `message` says what failed and holds no content of the mail. */
export type RunOutcome =
  | { readonly outcome: 'pass'; readonly document: Document }
  | { readonly outcome: 'drop'; readonly step: string }
  | {
      readonly outcome: 'error';
      readonly step: string;
      readonly code: 'STEP_EVALUATION_FAILED';
      readonly message: string;
    };

/** One line for each kind of step. */
function compileStep(
  compiler: Compiler,
  spec: StepSpec,
  types: Types,
  path: string,
  environment: StepEnvironment | undefined,
): StepCompilation {
  if (spec.filter !== undefined) return compileFilter(compiler, spec.filter, types, `${path}.filter`);
  if (spec.set !== undefined) return compileSet(compiler, spec.set, types, `${path}.set`);
  if (spec.unset !== undefined) return compileUnset(spec.unset, types, `${path}.unset`);
  if (spec.authenticate !== undefined)
    return compileAuthenticate(spec.authenticate, types, `${path}.authenticate`, environment);
  return { ok: false, issues: [{ path, message: 'exactly one of filter, set, unset and authenticate must be set' }] };
}

/**
 * Compiles steps for documents that come in with these types. Stops at the first step that is wrong, with all issues
 * of it: what follows would be judged by types that are not known.
 *
 * @param environment for those who run the steps on mail; without it, steps that ask somebody go without.
 */
export function compileSteps(specs: readonly StepSpec[], types: Types, environment?: StepEnvironment): Compilation {
  const compiler = new Compiler();
  const steps: CompiledStep[] = [];
  const uses = new Set<string>();
  let current = types;
  for (const [index, spec] of specs.entries()) {
    const compiled = compileStep(compiler, spec, current, `spec.steps[${index}]`, environment);
    if (!compiled.ok) return compiled;
    const { run, prepare } = compiled;
    steps.push({ name: spec.name, run, ...(prepare && { prepare }) });
    for (const field of compiled.uses ?? []) uses.add(field);
    current = compiled.types;
  }
  return { ok: true, steps, types: current, uses: uses.union(compiler.uses) };
}

/** What steps with `prepare` run on one message, by the step's name. */
export type PreparedSteps = ReadonlyMap<string, StepRun>;

/** Runs compiled steps over one document, in order, to the first that drops it or fails. Never throws. */
export function runSteps(steps: readonly CompiledStep[], document: Document, prepared?: PreparedSteps): RunOutcome {
  const work = fullWork();
  let current = document;
  for (const step of steps) {
    const run = prepared?.get(step.name) ?? step.run;
    const result = run(current, work);
    if (result.outcome === 'drop') return { outcome: 'drop', step: step.name };
    if (result.outcome === 'error') {
      const message = `step "${step.name}": ${result.message}`;
      return { outcome: 'error', step: step.name, code: 'STEP_EVALUATION_FAILED', message };
    }
    current = result.document;
  }
  return { outcome: 'pass', document: current };
}
