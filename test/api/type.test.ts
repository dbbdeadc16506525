import { Type as TypeBox } from 'typebox';
import { expect, test } from 'vitest';
import { Type } from '../../src/api/type.ts';

/** The same schemas out of either set of constructors. */
const build = (type: typeof Type) => {
  const shared = type.String({ maxLength: 3, description: 'text' });
  return type.Object(
    {
      text: shared,
      maybe: type.Optional(shared),
      list: type.Array(type.Boolean({ description: 'yes or no' }), { maxItems: 2, description: 'list' }),
      map: type.Record(type.String({ pattern: '^[a-z]+$' }), type.Integer({ minimum: 1 }), { maxProperties: 3 }),
      word: type.Unsafe<'x' | 'y'>({ type: 'string', enum: ['x', 'y'] }),
      inner: type.Optional(type.Object({ none: type.Optional(type.Integer()) }, { additionalProperties: false })),
    },
    { additionalProperties: false, description: 'all of it' },
  );
};

test('our constructors make what TypeBox makes, in the same order', () => {
  expect(JSON.stringify(build(Type))).toBe(JSON.stringify(build(TypeBox)));
});

test('what is optional in one object is not in another', () => {
  const field = Type.String({ description: 'text' });
  expect(Type.Object({ a: field, b: Type.Optional(field) }).required).toEqual(['a']);
  expect(Type.Object({ b: Type.Optional(field) })).not.toHaveProperty('required');
});
