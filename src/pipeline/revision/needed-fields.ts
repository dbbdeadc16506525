import type { PostgresSpec } from '../../api/kinds/postgres.ts';
import type { WebhookSpec } from '../../api/kinds/webhook.ts';
import { storedFields } from '../../message/fields.ts';
import type { Types } from '../../steps/step.ts';

/** What of a sink says which fields it needs. */
interface FieldSink {
  readonly postgres?: PostgresSpec | undefined;
  readonly webhook?: WebhookSpec | undefined;
}

/**
 * Names of the fields that a revision looks at: those that expressions use and those that its sinks store. What is not among them
 * need not be computed.
 */
export function neededFields(
  sinks: readonly FieldSink[],
  { types, uses }: { readonly types: Types; readonly uses: ReadonlySet<string> },
): ReadonlySet<string> {
  return new Set([...uses, ...sinks.flatMap((sink) => fieldsOf(sink, types))]);
}

function fieldsOf({ postgres, webhook }: FieldSink, types: Types): readonly string[] {
  if (webhook?.mode === 'Raw') return [];
  return postgres?.columns ?? storedFields(types);
}
