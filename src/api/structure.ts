import { item, type ObjectIssue, property } from './issue.ts';
import {
  type ArrayNode,
  type IntegerNode,
  isRecord,
  type NumberNode,
  type ObjectNode,
  type RecordNode,
  recordOf,
  type SchemaNode,
  type StringNode,
} from './json-schema.ts';
import { closest, suggestField } from './suggest.ts';

/** Collects issues while it walks over a value with its schema. */
interface Walk {
  readonly root: SchemaNode;
  readonly issues: ObjectIssue[];
}

function add(walk: Walk, path: string, message: string, suggestion?: string): void {
  walk.issues.push({ path, level: 'admission', message, ...(suggestion === undefined ? {} : { suggestion }) });
}

const article: Readonly<Record<SchemaNode['type'], string>> = {
  object: 'an object',
  array: 'a list',
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
};

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a number with a fraction';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/**
 * Checks types, bounds, patterns, required and unknown fields and uniqueness as the API server does with
 * `fieldValidation=Strict`. `root` is where suggestions for misplaced fields are looked up.
 */
export function checkStructure(node: SchemaNode, value: unknown, path: string, root: SchemaNode = node): ObjectIssue[] {
  const walk: Walk = { root, issues: [] };
  visit(walk, node, value, path);
  return walk.issues;
}

function visit(walk: Walk, node: SchemaNode, value: unknown, path: string): void {
  if (node.type === 'object' && isRecord(value)) {
    if (node.patternProperties === undefined) object(walk, node, value, path);
    else map(walk, node, value, path);
  } else if (node.type === 'array' && Array.isArray(value)) list(walk, node, value, path);
  else if (node.type === 'string' && typeof value === 'string') text(walk, node, value, path);
  else if (node.type === 'integer' && Number.isInteger(value)) bounds(walk, node, Number(value), path);
  else if (node.type === 'number' && typeof value === 'number') bounds(walk, node, value, path);
  else if (node.type !== 'boolean' || typeof value !== 'boolean') wrongType(walk, node, value, path);
}

function bounds(walk: Walk, node: IntegerNode | NumberNode, value: number, path: string): void {
  if (value < (node.minimum ?? -Infinity)) add(walk, path, `must be at least ${node.minimum}`);
  if (value > (node.maximum ?? Infinity)) add(walk, path, `must be at most ${node.maximum}`);
}

function wrongType(walk: Walk, node: SchemaNode, value: unknown, path: string): void {
  const scalar = typeof value === 'number' || typeof value === 'boolean';
  const suggestion =
    node.type === 'string' && scalar
      ? 'put it in quotes'
      : ['integer', 'number', 'boolean'].includes(node.type) && typeof value === 'string'
        ? 'write it without quotes'
        : node.type === 'array' && value !== null
          ? 'write it as a list, one `- ` an item'
          : undefined;
  add(walk, path, `must be ${article[node.type]}, not ${kindOf(value)}`, suggestion);
}

/** The API server drops a field or key without a value, and then looks at what is left. */
function nothing(walk: Walk, path: string): void {
  walk.issues.push({ path, level: 'note', message: 'has no value and counts as absent' });
}

function object(walk: Walk, node: ObjectNode, value: Record<string, unknown>, path: string): void {
  const known = Object.keys(node.properties);
  for (const name of node.required ?? []) {
    if ((value[name] ?? undefined) === undefined) add(walk, property(path, name), 'is required');
  }
  for (const [name, given] of Object.entries(value)) {
    const at = property(path, name);
    const child = Object.hasOwn(node.properties, name) ? node.properties[name] : undefined;
    if (child === undefined) {
      add(walk, at, 'unknown field', suggestField(name, known, walk.root, path));
    } else if (given !== null) visit(walk, child, given, at);
    else if (!node.required?.includes(name)) nothing(walk, at);
  }
}

function map(walk: Walk, node: RecordNode, value: Record<string, unknown>, path: string): void {
  const { pattern, value: each } = recordOf(node);
  const entries = Object.entries(value).filter(([, given]) => given !== null);
  for (const [key, given] of Object.entries(value)) if (given === null) nothing(walk, property(path, key));
  if (entries.length < (node.minProperties ?? 0))
    add(walk, path, `needs at least ${count(node.minProperties ?? 0, 'entry')}`);
  if (entries.length > node.maxProperties) add(walk, path, `has more than ${node.maxProperties} entries`);
  const regex = new RegExp(pattern, 'u');
  for (const [key, given] of entries) {
    const at = property(path, key);
    if (!regex.test(key)) add(walk, at, `the key must match ${pattern}`, meaningOf(pattern));
    visit(walk, each, given, at);
  }
}

function list(walk: Walk, node: ArrayNode, value: readonly unknown[], path: string): void {
  const { minItems = 0, maxItems } = node;
  if (value.length < minItems) add(walk, path, `needs at least ${count(minItems, 'item')}`);
  if (value.length > maxItems) add(walk, path, `has more than ${maxItems} items`);
  const seen = new Map<string, number>();
  value.forEach((given, index) => {
    const at = item(path, index);
    visit(walk, node.items, given, at);
    const identity = identityOf(node, given);
    if (identity === undefined) return;
    const first = seen.get(identity.value);
    if (first === undefined) seen.set(identity.value, index);
    else
      add(
        walk,
        identity.field === undefined ? at : property(at, identity.field),
        `is the same as in ${item(path, first)}`,
      );
  });
}

/** What makes a list item unique, when it must be. */
function identityOf(node: ArrayNode, value: unknown): { readonly value: string; readonly field?: string } | undefined {
  if (node['x-kubernetes-list-type'] === 'set') return { value: JSON.stringify(value) };
  const keys = node['x-kubernetes-list-map-keys'];
  if (node['x-kubernetes-list-type'] !== 'map' || keys === undefined || !isRecord(value)) return undefined;
  const parts = keys.map((key) => value[key]);
  if (parts.some((part) => part === undefined || part === null)) return undefined;
  return { value: JSON.stringify(parts), ...(keys[0] === undefined ? {} : { field: keys[0] }) };
}

function text(walk: Walk, node: StringNode, value: string, path: string): void {
  if (node.enum) {
    if (!node.enum.includes(value)) choice(walk, node.enum, value, path);
    return;
  }
  const { minLength = 0, maxLength = Infinity, pattern } = node;
  // Kubernetes counts code points.
  const length = value.length > maxLength ? [...value].length : value.length;
  if (length < minLength) {
    const message = minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`;
    add(walk, path, message, pattern === undefined ? undefined : meaningOf(pattern));
  } else if (length > maxLength) add(walk, path, `is longer than ${maxLength} characters`);
  else if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    add(walk, path, `must match ${pattern}`, meaningOf(pattern));
  }
}

function choice(walk: Walk, choices: readonly string[], value: string, path: string): void {
  const meant = closest(value, choices);
  const list = choices.map((each) => JSON.stringify(each)).join(', ');
  const message = choices.length === 1 ? `must be ${list}` : `must be one of ${list}`;
  add(walk, path, message, meant === undefined ? undefined : `did you mean ${JSON.stringify(meant)}?`);
}

/** Patterns that need words. */
function meaningOf(pattern: string): string | undefined {
  if (pattern.includes('[0-9]{4}-')) return 'a time before now such as 90d, or a date such as 2026-01-31';
  if (pattern.includes('(ms|s|m|h|d|w)')) return 'a whole number and a unit, such as 15m, 12h or 90d';
  if (pattern.includes('(Ki|Mi|Gi)')) return 'a whole number and a unit, such as 64Mi or 2Gi';
  if (pattern.includes('/)?')) return 'letters, digits, `-`, `_` and `.`, with an optional `dns.prefix/`';
  if (pattern.startsWith('^[a-z0-9]([-a-z0-9')) return 'lower-case letters, digits and `-`';
  if (pattern.includes('socks5')) return 'scheme, host and port alone; its login is a Secret, in proxy.secretRef';
  if (pattern === '^[^\\s@<>]+@[^\\s@<>]+$') return 'an address, or a pattern such as *@example.com';
  if (pattern.endsWith('{4}$')) return 'five fields: minute, hour, day of month, month, day of week';
  return undefined;
}

const count = (n: number, word: string): string =>
  n === 1 ? `1 ${word}` : `${n} ${word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`}`;
