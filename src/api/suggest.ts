import { item, property } from './issue.ts';
import type { SchemaNode } from './json-schema.ts';

/** Edits (insert, delete, replace, swap neighbours) that turn one word into another, ignoring case. */
export function distance(from: string, to: string): number {
  const a = from.toLowerCase();
  const b = to.toLowerCase();
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The word of a list that somebody who wrote `word` may have meant: at most a third of it is different. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 100) return undefined;
  let best: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const edits = distance(word, candidate);
    if (edits < least) [best, least] = [candidate, edits];
  }
  return best;
}

/** Paths below a schema where a field of exactly this name stands, nearest to the top first. */
export function placesOf(field: string, schema: SchemaNode, path: string): readonly string[] {
  const found: string[] = [];
  let level: { readonly node: SchemaNode; readonly path: string }[] = [{ node: schema, path }];
  while (level.length > 0) {
    const next: typeof level = [];
    for (const { node, path: at } of level) {
      if (node.type === 'array') next.push({ node: node.items, path: item(at, 0) });
      if (node.type !== 'object' || node.properties === undefined) continue;
      for (const [name, child] of Object.entries(node.properties)) {
        if (name === field) found.push(property(at, name));
        next.push({ node: child, path: property(at, name) });
      }
    }
    level = next;
  }
  return found;
}

/** The place that is meant by a field at `path`: one below it, else the one nearest to the top. */
function placeOf(field: string, root: SchemaNode, path: string): string | undefined {
  const first = path.replace(/\[\d+\]/g, '[0]'); // which element of a list does not matter
  const places = placesOf(field, root, 'spec').filter((candidate) => !candidate.startsWith(`${first}.${field}`));
  const below = places.find((candidate) => candidate.startsWith(`${first}.`));
  return below === undefined ? places[0] : path + below.slice(first.length);
}

const secretFields = new Set(['password', 'username', 'user', 'uri', 'url', 'dsn', 'connectionString', 'token']);

/** What to do about a field that the schema does not know at `path`. */
export function suggestField(field: string, known: readonly string[], root: SchemaNode, path: string): string {
  const meant = closest(field, known);
  if (meant !== undefined) return `did you mean ${JSON.stringify(meant)}?`;
  if (secretFields.has(field)) return 'logins and connection URIs are read from a Secret that `secretRef` names';
  const place = placeOf(field, root, path);
  if (place !== undefined) return `it belongs to ${place}`;
  if (known.length === 0) return 'remove it';
  return `known here: ${known.join(', ')}`;
}
