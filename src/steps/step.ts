import type { Document, FieldType } from '../message/fields.ts';
import type { Work } from './cel/meter.ts';

/** Types of the fields that documents have at one point of a pipeline. */
export type Types = ReadonlyMap<string, FieldType>;

/** A reason why a step cannot be compiled; `path` points into the resource (`spec.steps[0].set.total`). */
export interface StepIssue {
  readonly path: string;
  readonly message: string;
  readonly suggestion?: string;
}

/** What one step makes of one document. A message never holds content of the mail. */
export type StepOutcome =
  | { readonly outcome: 'pass'; readonly document: Document }
  | { readonly outcome: 'drop' }
  | { readonly outcome: 'error'; readonly message: string };

/**
 * A step that is ready to run: pure, synchronous and bounded (`cel/limits.ts`). It never changes the document that
 * it is given.
 */
export interface CompiledStep {
  readonly name: string;
  /** @param work what the steps of the pipeline may still do on this document; it is taken from. */
  readonly run: (document: Document, work: Work) => StepOutcome;
}

/** Result of compiling one step: what runs, and the types that documents have behind it. */
export type StepCompilation =
  | { readonly ok: true; readonly run: CompiledStep['run']; readonly types: Types }
  | { readonly ok: false; readonly issues: readonly StepIssue[] };
