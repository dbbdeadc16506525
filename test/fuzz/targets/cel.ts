import { type Document, messageTypes } from '../../../src/message/fields.ts';
import { compileSteps, runSteps } from '../../../src/steps/registry.ts';
import { order } from '../../steps/documents.ts';
import { expression, kinds, misspelt } from '../cel/expressions.ts';
import { checkValues } from '../oracles/values.ts';
import { type Case, Divergence, type Target } from '../target.ts';

const crowd = Array.from({ length: 300 }, (_, i) => ({
  name: `N${i}`,
  address: `a${i}@example.org`,
  domain: 'example.org',
}));

/** What expressions meet: an ordinary message, one of which nearly everything is absent, a large one. */
const documents: readonly Document[] = [
  order,
  { id: 'x', headers: new Map() },
  { ...order, to: crowd, cc: crowd, text: 'aé🍵 '.repeat(20_000), references: crowd.map((one) => one.address) },
];

/** Messages that nobody foresaw. */
const unforeseen = ['not foreseen', 'does not fit this message'];

function evaluate(text: string): readonly string[] {
  const compiled = compileSteps([{ name: 'step', set: { x: text } }], messageTypes);
  if (!compiled.ok) {
    for (const { message } of compiled.issues)
      if (!/^(?:line \d+, )?column \d+: \S/.test(message)) throw new Divergence('an issue without its place', message);
    return compiled.issues.map((issue) => issue.message);
  }
  return documents.map((document) => {
    const result = runSteps(compiled.steps, document);
    if (result.outcome === 'error') {
      if (unforeseen.some((one) => result.message.includes(one)))
        throw new Divergence('unforeseen error', result.message);
      return result.message;
    }
    if (result.outcome === 'drop') throw new Divergence('dropped by set', '');
    // Doubles have infinities and NaN, in CEL and in PostgreSQL.
    if (typeof result.document.x !== 'number') checkValues(result.document.x, 'x');
    return JSON.stringify(result.document.x, (_, value: unknown) =>
      typeof value === 'bigint' ? `${value}` : value instanceof Map ? [...value] : value,
    );
  });
}

function check({ bytes }: Case): void {
  const text = bytes.toString('utf8');
  const [one, two] = [evaluate(text), evaluate(text)];
  if (JSON.stringify(one) !== JSON.stringify(two)) throw new Divergence('not deterministic', text);
}

/** Expressions, right and wrong: a value, or a message with its place; never an exception, always within the meter's bounds. */
export const cel: Target = {
  name: 'cel',
  // Three documents, twice; each may use up its work.
  budget: { base: 8_000, perKiB: 5 },
  generate: (random) => {
    const text = expression(random, random.pick(kinds), 0);
    return { bytes: Buffer.from(random.once(2) ? misspelt(random, text) : text) };
  },
  check,
};
