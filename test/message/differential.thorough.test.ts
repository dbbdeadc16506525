import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseMessage } from '../../src/message/parse.ts';
import { type CorpusMessage, spamAssassin } from './corpus.ts';
import { type Fields, mailparser, ourFields, postalMime } from './differential/opinions.ts';
import { type Rule, rules } from './differential/rules.ts';

const data = path.resolve(import.meta.dirname, '../../../shared/data');

/** The messages of the conformance data beside this checkout; none where it is not there. */
function* shared(): Generator<CorpusMessage> {
  if (!fs.existsSync(data)) return;
  for (const folder of ['bounces', 'mime', 'reports']) {
    const files = fs.readdirSync(path.join(data, folder), { recursive: true, encoding: 'utf8' }).sort();
    for (const file of files)
      if (file.endsWith('.eml'))
        yield { name: `${folder}/${file}`, raw: fs.readFileSync(path.join(data, folder, file)) };
  }
}

interface Comparison {
  readonly count: number;
  /** Differences that no rule explains, with the three opinions. */
  readonly unexplained: readonly string[];
  /** Differences in which postal-mime sides with mailparser, by rules that do not say so. */
  readonly outvoted: readonly string[];
  /** Differences by rule. */
  readonly used: ReadonlyMap<Rule, number>;
}

const names = ['subject', 'from', 'to', 'messageId', 'text', 'html', 'attachments'] as const satisfies (keyof Fields)[];

async function compare(messages: Iterable<CorpusMessage>): Promise<Comparison> {
  const unexplained: string[] = [];
  const outvoted: string[] = [];
  const used = new Map<Rule, number>();
  let count = 0;
  for (const { name, raw } of messages) {
    count++;
    const message = parseMessage(raw);
    const ours = ourFields(message);
    const theirs = await mailparser(raw);
    const different = names.filter((field) => ours[field] !== theirs[field]);
    if (different.length === 0) continue;
    const second = await postalMime(raw);
    for (const field of different) {
      const rule = rules.find((one) => one.explains({ field, ours: ours[field], theirs: theirs[field], message, raw }));
      const told = [ours, theirs, second].map((one) => `\n  ${one[field].slice(0, 200)}`).join('');
      if (rule === undefined) unexplained.push(`${name} ${field}${told}`);
      else {
        used.set(rule, (used.get(rule) ?? 0) + 1);
        if (rule.alone !== true && second[field] === theirs[field])
          outvoted.push(`${name} ${field} (${rule.name})${told}`);
      }
    }
  }
  return { count, unexplained, outvoted, used };
}

describe('against mailparser, with postal-mime as the second opinion', () => {
  test('every difference follows from a named rule', { timeout: 300_000 }, async () => {
    const real = await compare(spamAssassin());
    const known = await compare(shared());
    expect(real.count).toBe(6_046);
    expect([...real.unexplained, ...known.unexplained]).toEqual([]);
    expect([...real.outvoted, ...known.outvoted]).toEqual([]);
    // Counted on what is the same everywhere: a change that explains away hundreds of texts shows.
    const counts = rules.map((rule) => [rule.name, real.used.get(rule) ?? 0]);
    expect(counts).toEqual(rules.map((rule) => [rule.name, rule.count]));
    // A rule that explains nothing would hide the next regression.
    const stale = rules.filter((rule) => rule.count === 0 && !known.used.has(rule)).map((rule) => rule.name);
    if (known.count > 0) expect(stale).toEqual([]);
  });
});
