/**
 * A type of `@kubernetes/client-node` as its JSON stands on the wire: dates are strings, fields that the generator
 * had to rename (`_from`) have their own names again, and nothing is written in place.
 */
export type Wire<T> = T extends Date
  ? string
  : T extends readonly (infer U)[]
    ? readonly Wire<U>[]
    : T extends object
      ? { readonly [K in keyof T as K extends `_${infer Rest}` ? Rest : K]: Wire<T[K]> }
      : T;
