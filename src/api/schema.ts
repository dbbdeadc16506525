import { type TSchema, Type } from './type.ts';

/** A CEL rule of a schema, as Kubernetes' `x-kubernetes-validations` has it. */
export interface Rule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
}

/**
 * Options that our schemas carry beside JSON Schema's own. `x-mailmill-default` is the value that compiling a spec
 * fills in; it never reaches the CRD as `default:` (that would be drift to Argo CD), only its description.
 */
export interface FieldOptions {
  readonly description: string;
  readonly 'x-mailmill-default'?: unknown;
  readonly 'x-kubernetes-validations'?: readonly Rule[];
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
}

/** A string out of a fixed list; `enum` in the CRD. */
export const OneOf = <const T extends readonly string[]>(values: T, options: FieldOptions) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], ...options });

/** A string with bounds; `maxLength` is required so that CEL rules stay within the API server's cost budget. */
export const Text = (options: FieldOptions & { maxLength: number; minLength?: number; pattern?: string }) =>
  Type.String({ ...options });

/** `90d`, `15m`, `500ms`. */
export const Duration = (options: FieldOptions) =>
  Type.String({ ...options, pattern: '^[1-9][0-9]{0,6}(ms|s|m|h|d|w)$', maxLength: 9 });

/** `64Mi`, `2Gi`, bytes without a unit. */
export const Size = (options: FieldOptions) =>
  Type.String({ ...options, pattern: '^[1-9][0-9]{0,11}(Ki|Mi|Gi)?$', maxLength: 14 });

/** A DNS label or subdomain as Kubernetes names things. */
export const Name = (options: FieldOptions & { maxLength?: number }) =>
  Type.String({ minLength: 1, maxLength: 253, ...options, pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' });

/** A closed object: unknown fields are an error offline and pruned fields never happen unseen. */
export const Closed = <T extends Record<string, TSchema>>(properties: T, options: FieldOptions) =>
  Type.Object(properties, { additionalProperties: false, ...options });

const secretKeyText = (options: { readonly 'x-mailmill-default'?: string } = {}) =>
  Text({ description: 'Key in the Secret.', minLength: 1, maxLength: 253, pattern: '^[-._a-zA-Z0-9]+$', ...options });

/** One key of a Secret in the resource's own namespace; the key has a default. */
export const secretKeyRef = (description: string, defaultKey: string) =>
  Closed(
    {
      name: Name({ description: 'Name of the Secret, in the namespace of this resource.' }),
      key: Type.Optional(secretKeyText({ 'x-mailmill-default': defaultKey })),
    },
    { description },
  );

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  '': 1,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
};

function scaled(value: string): number {
  const match = /^([0-9]+)([a-zA-Z]*)$/.exec(value);
  const unit = units[match?.[2] ?? '?'];
  if (!match || unit === undefined) throw new Error(`not a duration or size: ${JSON.stringify(value)}`);
  return Number(match[1]) * unit;
}

/** Milliseconds of a `Duration` that the schema has accepted. */
export const milliseconds = (duration: string): number => scaled(duration);

/** Bytes of a `Size` that the schema has accepted. */
export const bytes = (size: string): number => scaled(size);
