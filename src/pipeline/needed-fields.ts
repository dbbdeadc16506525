import { storedFields } from '../message/fields.ts';
import type { Types } from '../steps/step.ts';
import type { RevisionSink } from './revision.ts';

/**
 * Names of the fields that a revision looks at: those that expressions use and those that its sinks store. What is not among them
 * need not be computed.
 */
export function neededFields(
  sinks: readonly RevisionSink[],
  { types, uses }: { readonly types: Types; readonly uses: ReadonlySet<string> },
): ReadonlySet<string> {
  return new Set([...uses, ...sinks.flatMap(({ postgres }) => postgres.columns ?? storedFields(types))]);
}
