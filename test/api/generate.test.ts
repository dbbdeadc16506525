import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import { describe, expect, test } from 'vitest';
import { generatedFiles, withReference } from '../../src/api/generate.ts';
import { isRecord } from '../../src/api/json-schema.ts';

const root = new URL('../../', import.meta.url);
const files = [...generatedFiles()];

test.each(files)('%s is what the schemas say', async (file, text) => {
  expect(await readFile(new URL(file, root), 'utf8')).toBe(text);
});

test('the reference in README.md is what the schemas say', async () => {
  const readme = await readFile(new URL('README.md', root), 'utf8');
  expect(withReference(readme)).toBe(readme);
});

/** Every schema of a CRD with its path. */
function schemas(node: unknown, path: string): readonly (readonly [string, Record<string, unknown>])[] {
  if (!isRecord(node)) return [];
  const properties = isRecord(node.properties) ? Object.entries(node.properties) : [];
  return [
    [path, node],
    ...properties.flatMap(([name, child]) => schemas(child, `${path}.${name}`)),
    ...schemas(node.items, `${path}[]`),
    ...schemas(node.additionalProperties, `${path}{}`),
  ];
}

describe.each(files.filter(([file]) => file.startsWith('crds/')))('%s', (_, text) => {
  // biome-ignore lint/suspicious/noExplicitAny: a CRD, whose shape the API server has checked
  const crd = load(text) as any;
  const [version] = crd.spec.versions;
  const all = ['spec', 'status'].flatMap((part) => schemas(version.schema.openAPIV3Schema.properties[part], part));

  test('has no default, which Argo CD would take for drift', () => {
    expect(text).not.toMatch(/^\s*default:/m);
  });

  test('describes every field', () => {
    expect(all.filter(([, schema]) => !/\S[.!?`]$/.test(String(schema.description))).map(([path]) => path)).toEqual([]);
  });

  test('bounds every list, map and string', () => {
    const unbounded = all.filter(
      ([, schema]) =>
        (schema.type === 'array' && schema.maxItems === undefined) ||
        (schema.additionalProperties !== undefined && schema.maxProperties === undefined) ||
        (schema.type === 'string' && schema.maxLength === undefined && schema.enum === undefined),
    );
    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  test('keeps every object closed: what it does not name is dropped or refused', () => {
    expect(text).not.toContain('preserve-unknown-fields');
    const open = all.filter(
      ([, schema]) =>
        schema.type === 'object' && schema.properties === undefined && schema.additionalProperties === undefined,
    );
    // An object that has no members at all; the API server prunes whatever stands in it.
    const bare = open.filter(([path]) => path !== 'spec.archive.postgres');
    expect(bare).toEqual([]);
  });

  test('is small enough for kubectl apply', () => {
    expect(Buffer.byteLength(text)).toBeLessThan(256 * 1024);
  });
});

test('a CRD has no empty map or list, which an API server would drop and Argo CD miss', () => {
  const crds = files.filter(([file]) => file.startsWith('crds/'));
  expect(crds).toHaveLength(3);
  for (const [file, text] of crds) {
    const empty = text.split('\n').filter((line) => /(: \{\}|: \[\])$/.test(line) && line.trim() !== 'status: {}');
    expect([file, empty]).toEqual([file, []]);
  }
});

test('the chart keeps CRDs when it goes', () => {
  const charted = files.filter(([file]) => file.startsWith('charts/mailmill/templates/crds/'));
  expect(charted).toHaveLength(3);
  for (const [, text] of charted) {
    expect(text).toContain('helm.sh/resource-policy: keep');
    expect(text).toContain('argocd.argoproj.io/sync-options: Prune=false,Delete=false');
    expect(text.split('\n')[1]).toBe('{{- if .Values.crds.install }}');
  }
});

describe('the reference', () => {
  test('replaces what stands between the markers and nothing else', () => {
    const old = 'before\n<!-- reference:begin -->\nold\n<!-- reference:end -->\nafter\n';
    const made = withReference(old);
    expect(made).toMatch(/^before\n<!-- reference:begin -->\n\n### MailboxSource/);
    expect(made).toMatch(/\n<!-- reference:end -->\nafter\n$/);
    expect(made).not.toContain('\nold\n');
    expect(made).toContain('| `imap.host` **\\*** | string ≤ 253 | Host name or address of the IMAP server. |');
    expect(made).toContain('| `retention` | duration (`90d`, `15m`, `500ms`) |');
    expect(withReference(made ?? '')).toBe(made);
  });

  test('needs both markers', () => {
    expect(withReference('no markers')).toBeUndefined();
  });
});
