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
 * What a step does: pure, synchronous and bounded (`cel/limits.ts`). It never changes the document that it is given.
 *
 * @param work what the steps of the pipeline may still do on this document; it is taken from.
 */
export type StepRun = (document: Document, work: Work) => StepOutcome;

/** A message as it arrived, for steps that look at more than its document. */
export interface Arrival {
  readonly raw: Buffer;
  /** INTERNALDATE, or the file's time. */
  readonly receivedAt: Date;
}

/** A step that is ready to run. */
export interface CompiledStep {
  readonly name: string;
  readonly run: StepRun;
  /**
   * Only of steps that must ask somebody about a message: asks, and resolves to what runs on its document in place of `run`. What
   * nobody answers is a value of the document, never a rejection; it rejects for what is wrong with the configuration, with a
   * MailmillError. After `signal` it ends soon.
   */
  readonly prepare?: (arrival: Arrival, signal: AbortSignal) => Promise<StepRun>;
}

/** What steps that ask somebody are given by the process that runs them; compiling a spec needs none of it. */
export interface StepEnvironment {
  readonly clock: () => Date;
  readonly secret: (name: string, key: string) => Promise<string>;
}

/** Result of compiling one step: what runs, the types that documents have behind it, and the fields that it looks at itself. */
export type StepCompilation =
  | {
      readonly ok: true;
      readonly run: StepRun;
      readonly prepare?: CompiledStep['prepare'];
      readonly types: Types;
      readonly uses?: readonly string[];
    }
  | { readonly ok: false; readonly issues: readonly StepIssue[] };
