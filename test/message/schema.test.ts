import fs from 'node:fs';
import path from 'node:path';
import { Value } from 'typebox/value';
import { describe, expect, test } from 'vitest';
import { toPlain } from '../../src/commands/parse/plain.ts';
import { sha256 } from '../../src/message/fields.ts';
import { everything } from '../../src/message/insights.ts';
import { parseMessage } from '../../src/message/parse.ts';
import { messageSchema, type Schema } from '../generate/message-schema.ts';
import { spamAssassin } from './corpus.ts';

const schema = messageSchema();
const shared = new URL('../../../shared/data/', import.meta.url).pathname;

function* messages(): Generator<{ readonly name: string; readonly raw: Buffer }> {
  let n = 0;
  for (const one of spamAssassin()) if (n++ % 20 === 0) yield one;
  for (const set of ['bounces', 'reports', 'mime'])
    for (const name of fs.existsSync(shared + set)
      ? fs.readdirSync(shared + set, { recursive: true, encoding: 'utf8' })
      : [])
      if (name.endsWith('.eml')) yield { name, raw: fs.readFileSync(path.join(shared, set, name)) };
}

const plain = (raw: Buffer) => toPlain({ size: raw.length, rawSha256: sha256(raw), ...everything(parseMessage(raw)) });

/** Members of a value that the schema does not know, or that it demands and that are not there. */
function differences(value: unknown, one: Schema, at: string): readonly string[] {
  if (one.$ref !== undefined) return differences(value, schema.$defs[one.$ref.slice(8)] ?? {}, at);
  if (one.anyOf !== undefined) {
    const all = one.anyOf.map((option) => differences(value, option, at));
    return all.some((found) => found.length === 0) ? [] : (all.toSorted((a, b) => a.length - b.length)[0] ?? []);
  }
  if (Array.isArray(value))
    return one.items ? value.flatMap((item) => differences(item, one.items ?? {}, `${at}[]`)) : [`${at}: list`];
  if (typeof value === 'object' && value !== null) {
    if (one.type !== 'object') return [`${at}: object`];
    const { properties = {}, required = [], additionalProperties } = one;
    const missing = required.filter((name) => !Object.hasOwn(value, name)).map((name) => `${at}.${name}: missing`);
    const inside = Object.entries(value).flatMap(([name, item]) => {
      const known = Object.hasOwn(properties, name) ? properties[name] : additionalProperties || undefined;
      return known ? differences(item, known, `${at}.${name}`) : [`${at}.${name}: unknown`];
    });
    return [...missing, ...inside];
  }
  if (one.const !== undefined && one.const !== value) return [`${at}: not ${one.const}`];
  if (one.enum !== undefined && !one.enum.includes(value as string)) return [`${at}: not of the list`];
  const type = value === null ? 'null' : typeof value === 'number' ? 'integer' : typeof value;
  return one.type === type ? [] : [`${at}: ${type}, not ${one.type}`];
}

describe('the schema of a message', () => {
  test('is what every message of the corpora is', () => {
    let count = 0;
    const kinds = new Set<string>();
    for (const { name, raw } of messages()) {
      const value = plain(raw);
      expect([name, differences(value, schema, '')]).toEqual([name, []]);
      kinds.add(parseMessage(raw).report?.kind ?? '');
      count++;
    }
    expect(count).toBeGreaterThan(300);
    if (fs.existsSync(shared))
      expect([...kinds]).toEqual(
        expect.arrayContaining(['delivery', 'feedback', 'autoReply', 'dmarcAggregate', 'dmarcFailure']),
      );
  });

  test('refuses what is none, also by the judgement of another validator', () => {
    const value = plain(Buffer.from('Subject: x\n\nhello'));
    expect(Value.Check(schema as never, value)).toBe(true);
    const wrong = { ...(value as object), subject: 1 };
    expect(differences(wrong, schema, '')).toEqual(['.subject: integer, not string']);
    expect(Value.Check(schema as never, wrong)).toBe(false);
  });

  test('says of every member what it means', () => {
    const silent = fs
      .readFileSync(new URL('../../src/message/message.md', import.meta.url), 'utf8')
      .split('\n')
      .filter((line) => /^\| `.*\|\s*\|$/.test(line));
    expect(silent).toEqual([]);
  });
});
