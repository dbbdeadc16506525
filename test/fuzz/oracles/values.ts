import { Divergence } from '../target.ts';

const hexDigest = /^[0-9a-f]{64}$/;

/**
 * Checks what every value that leaves the parser promises: strings without U+0000 and lone surrogates, instants in the
 * years 1 to 9999, finite numbers, digests of 64 hexadecimal digits, nothing that JSON cannot say.
 *
 * @param size bytes of the message; nothing decoded is larger than `size * factor`.
 */
export function checkValues(value: unknown, path = ''): void {
  const broken = (rule: string, detail = '') => new Divergence(`${rule} at ${path.replace(/\[.*?\]/g, '[]')}`, detail);
  switch (typeof value) {
    case 'string':
      if (value.includes('\0')) throw broken('U+0000');
      if (!value.isWellFormed()) throw broken('lone surrogate', JSON.stringify(value.slice(0, 100)));
      if (/(?:^|\.)(?:raw)?sha256$/i.test(path) && !hexDigest.test(value)) throw broken('no SHA-256', value);
      return;
    case 'number':
      if (!Number.isFinite(value)) throw broken('number', String(value));
      return;
    case 'boolean':
    case 'undefined':
    case 'bigint':
      return;
    case 'object':
      if (value !== null) checkObject(value, path, broken);
      return;
    default:
      throw broken('value of type', typeof value);
  }
}

function checkObject(value: object, path: string, broken: (rule: string, detail?: string) => Divergence): void {
  if (value instanceof Date) {
    const year = value.getUTCFullYear();
    if (Number.isNaN(year)) throw broken('invalid date');
    if (year < 1 || year > 9999) throw broken('date outside of the years 1 to 9999', value.toISOString());
  } else if (value instanceof Uint8Array) return;
  else if (Array.isArray(value))
    value.forEach((one: unknown, i) => {
      checkValues(one, `${path}[${i}]`);
    });
  else if (value instanceof Map)
    for (const [key, one] of value) {
      checkValues(key, `${path}[key]`);
      checkValues(one, `${path}[value]`);
    }
  else for (const [name, one] of Object.entries(value)) checkValues(one, path === '' ? name : `${path}.${name}`);
}
