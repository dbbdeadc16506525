import { OneOf } from '../schema.ts';
import { Type } from '../type.ts';

/** `changes` of a sink. */
export const changesField = (description: string) =>
  Type.Optional(
    Type.Array(OneOf(['flags', 'expunge', 'move'], { description: 'What may happen to a message.' }), {
      description,
      minItems: 1,
      maxItems: 3,
      'x-kubernetes-list-type': 'set',
    }),
  );
