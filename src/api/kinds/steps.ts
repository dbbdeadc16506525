import { Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';

const expression = (description: string) => Text({ description, minLength: 1, maxLength: 4096 });
/** Name of a document field. */
export const fieldName = Text({
  description: 'Name of a document field.',
  minLength: 1,
  maxLength: 59,
  pattern: '^[a-z_][a-zA-Z0-9_]*$',
});

/** `filter` of a step. */
export const filter = expression(
  'CEL expression of type bool. False: the message is Dropped by this step, which is recorded.',
);

/** `set` of a step. */
export const set = Type.Record(Type.String({ pattern: '^[a-z_][a-zA-Z0-9_]{0,58}$' }), expression('CEL expression.'), {
  description: 'Document fields and the CEL expression of each; all see the document as it came into the step.',
  minProperties: 1,
  maxProperties: 64,
});

/** `unset` of a step. */
export const unset = Type.Array(fieldName, {
  description: 'Document fields to remove.',
  minItems: 1,
  maxItems: 64,
  'x-kubernetes-list-type': 'set',
});

export type FilterSpec = Static<typeof filter>;
export type SetSpec = Record<string, string>;
export type UnsetSpec = Static<typeof unset>;
