import type { Type as TypeBox } from 'typebox';

export type { Static, TObject, TSchema } from 'typebox';

/** Schemas that an object may lack. A copy of one is not in here, as with TypeBox's own hidden mark. */
const optional = new WeakSet<object>();

const schema = (type: string, own: object, options: object | undefined) => ({ type, ...own, ...options });

/** What `Type` of TypeBox makes of the same arguments, without its marks for its own validator, which we do not use. */
const constructors = {
  Array: (items: object, options?: object) => schema('array', { items }, options),
  Boolean: (options?: object) => schema('boolean', {}, options),
  Integer: (options?: object) => schema('integer', {}, options),
  String: (options?: object) => schema('string', {}, options),
  Object: (properties: Readonly<Record<string, object>>, options?: object) => {
    const required = Object.keys(properties).filter((name) => !optional.has(properties[name]!));
    return schema('object', { ...(required.length > 0 && { required }), properties }, options);
  },
  Record: (key: { readonly pattern?: string }, value: object, options?: object) =>
    schema('object', { patternProperties: { [key.pattern ?? '^.*$']: value } }, options),
  Optional: (of: object) => {
    const copy = { ...of };
    optional.add(copy);
    return copy;
  },
  Unsafe: (of: object) => of,
};

/**
 * The constructors of TypeBox that our schemas use, with its types. Loading TypeBox itself (700 modules) was a third of the time in which a
 * worker starts; of the package only the types are left.
 */
// The constructors give plain JSON Schema; TypeBox's types say what values fit it. test/api/type.test.ts compares the two.
export const Type = constructors as unknown as Pick<typeof TypeBox, keyof typeof constructors>;
