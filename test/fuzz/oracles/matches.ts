import type { Plain } from '../../../src/commands/parse/plain.ts';
import { Divergence } from '../target.ts';

const show = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 200);
const isMembers = (value: unknown): value is Readonly<Record<string, Plain>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Checks that all that is expected is there: members of objects that are not named may be anything, lists are whole.
 *
 * @throws Divergence `rule` with the path of the first difference.
 */
export function matches(expected: Plain, got: unknown, rule: string, path = ''): void {
  const differs = (): Divergence =>
    new Divergence(`${rule} at ${path.replace(/\d+/g, 'N')}`, `expected ${show(expected)}, got ${show(got)}`);
  if (Array.isArray(expected)) {
    if (!Array.isArray(got) || got.length !== expected.length) throw differs();
    expected.forEach((one: Plain, i) => {
      matches(one, got[i], rule, `${path}[${i}]`);
    });
  } else if (isMembers(expected)) {
    if (!isMembers(got)) throw differs();
    for (const [name, one] of Object.entries(expected))
      matches(one, got[name], rule, path === '' ? name : `${path}.${name}`);
  } else if (expected !== got) throw differs();
}
