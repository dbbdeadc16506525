/** What JSON and YAML have: maps become objects, dates ISO 8601, big integers numbers where these are exact, else text. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

/** A value as plain data; members that are undefined are left out, bytes become base64. */
export function toPlain(value: unknown): Plain {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? value : String(value);
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
    case 'object':
      return value === null ? null : objectToPlain(value);
    default:
      return null;
  }
}

function objectToPlain(value: object): Plain {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value) || value instanceof Set) return Array.from(value, toPlain);
  const entries = value instanceof Map ? Array.from(value, ([key, one]) => [String(key), one]) : Object.entries(value);
  // Header names come from the message: `__proto__` must be a member like others.
  return Object.fromEntries(entries.filter(([, one]) => one !== undefined).map(([key, one]) => [key, toPlain(one)]));
}
