import { Defects } from '../defects.ts';
import { clean } from '../sanitize.ts';

const unused = new Defects();

/**
 * A report whose strings hold no U+0000 and no lone surrogates, as those of a message: fields of reports are read from raw bytes,
 * some from JSON. The same value where nothing is to be replaced.
 */
export function cleanReport<T>(value: T): T;
export function cleanReport(value: unknown): unknown {
  if (typeof value === 'string') return clean(value, 'report', unused);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  if (Array.isArray(value)) {
    const list = value.map((one: unknown) => cleanReport(one));
    return list.some((one, i) => one !== value[i]) ? list : value;
  }
  const entries = Object.entries(value);
  const cleaned = entries.map(([name, one]): [string, unknown] => [name, cleanReport(one)]);
  return cleaned.some(([, one], i) => one !== entries[i]?.[1]) ? Object.fromEntries(cleaned) : value;
}
