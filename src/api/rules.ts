import { Environment } from '@marcbachmann/cel-js';
import { item, type ObjectIssue, property } from './issue.ts';
import { type ArrayNode, isRecord, recordOf, type SchemaNode } from './json-schema.ts';
import type { Rule } from './schema.ts';

// Only rules of our own schemas run here, on values whose sizes were checked before.
const environment = new Environment().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
const parsed = new Map<string, ReturnType<typeof environment.parse>>();

function program(rule: string) {
  let found = parsed.get(rule);
  if (!found) {
    found = environment.parse(rule);
    parsed.set(rule, found);
  }
  return found;
}

/** A value as CEL sees it: integers as int, nulls of absent fields gone. */
function celValue(node: SchemaNode, value: unknown): unknown {
  if (node.type === 'integer') return typeof value === 'number' ? BigInt(value) : value;
  if (node.type === 'array') return Array.isArray(value) ? value.map((each) => celValue(node.items, each)) : value;
  if (node.type !== 'object' || !isRecord(value)) return value;
  const entries = Object.entries(value).filter(([, given]) => given !== null);
  if (node.patternProperties !== undefined) {
    const { value: each } = recordOf(node);
    return Object.fromEntries(entries.map(([key, given]) => [key, celValue(each, given)]));
  }
  return Object.fromEntries(
    entries.flatMap(([name, given]) => {
      const child = Object.hasOwn(node.properties, name) ? node.properties[name] : undefined;
      return child === undefined ? [] : [[name, celValue(child, given)]];
    }),
  );
}

/** The issues of some rules on one value; rules about `oldSelf` are skipped without an old value, as on create. */
export function applyRules(rules: readonly Rule[], self: unknown, path: string, oldSelf?: unknown): ObjectIssue[] {
  return rules.flatMap((rule): ObjectIssue[] => {
    if (oldSelf === undefined && /\boldSelf\b/.test(rule.rule)) return [];
    const at = rule.fieldPath === undefined ? path : path === '' ? rule.fieldPath.slice(1) : path + rule.fieldPath;
    return holds(rule, self, oldSelf) ? [] : [{ path: at, level: 'admission', message: rule.message }];
  });
}

function holds(rule: Rule, self: unknown, oldSelf: unknown): boolean {
  try {
    return program(rule.rule)({ self, oldSelf }) === true;
  } catch (error) {
    // A rule that cannot be evaluated refuses the object, here as there.
    if (error instanceof Error && error.name === 'EvaluationError') return false;
    throw error;
  }
}

/**
 * Applies the CEL rules of a schema at every depth. `broken` are paths where the structure is wrong: the rules of a node with such
 * a place in it are left out, because what they say then would only confuse.
 */
export function checkRules(
  node: SchemaNode,
  value: unknown,
  path: string,
  broken: readonly string[],
  old?: unknown,
): ObjectIssue[] {
  const issues: ObjectIssue[] = [];
  const rules = node['x-kubernetes-validations'] ?? [];
  const sound = !broken.some((place) => place === path || place.startsWith(`${path}.`) || place.startsWith(`${path}[`));
  if (rules.length > 0 && sound) {
    issues.push(...applyRules(rules, celValue(node, value), path, old === undefined ? undefined : celValue(node, old)));
  }
  if (node.type === 'array' && Array.isArray(value)) {
    value.forEach((each, index) => {
      issues.push(...checkRules(node.items, each, item(path, index), broken, counterpart(node, each, old)));
    });
  } else if (node.type === 'object' && node.properties !== undefined && isRecord(value)) {
    for (const [name, child] of Object.entries(node.properties)) {
      const given = Object.hasOwn(value, name) ? value[name] : undefined;
      if (given === undefined || given === null) continue;
      const before = isRecord(old) && Object.hasOwn(old, name) ? (old[name] ?? undefined) : undefined;
      issues.push(...checkRules(child, given, property(path, name), broken, before));
    }
  }
  return issues;
}

/** The old item of a list that is keyed like a map; other lists have none. */
function counterpart(node: ArrayNode, value: unknown, old: unknown): unknown {
  const keys = node['x-kubernetes-list-map-keys'];
  if (keys === undefined || !Array.isArray(old) || !isRecord(value)) return undefined;
  return old.find((candidate) => isRecord(candidate) && keys.every((key) => candidate[key] === value[key]));
}
