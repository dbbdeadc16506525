import { Closed, OneOf, Text } from './schema.ts';
import { type Static, Type } from './type.ts';

export const condition = Closed(
  {
    type: Text({ description: 'What the condition speaks of.', minLength: 1, maxLength: 316 }),
    status: OneOf(['True', 'False', 'Unknown'], { description: 'Whether it holds.' }),
    reason: Text({ description: 'Constant CamelCase word for machines.', minLength: 1, maxLength: 256 }),
    message: Text({ description: 'Sentence for people: what is, and what to do next.', maxLength: 4096 }),
    lastTransitionTime: Type.String({
      description: 'When the status last changed.',
      format: 'date-time',
      maxLength: 40,
    }),
    observedGeneration: Type.Optional(Type.Integer({ description: 'Generation that it was set for.', minimum: 0 })),
  },
  { description: 'One condition.' },
);

export const conditions = Type.Array(condition, {
  description: 'State, one condition a concern.',
  maxItems: 16,
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
});

export type Condition = Static<typeof condition>;
