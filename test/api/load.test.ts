import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadPaths, loadText, secretsOf } from '../../src/api/load.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mailmill-load-'));
});
afterEach(() => rm(root, { recursive: true }));

async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}

const object = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\n`;

describe('files', () => {
  test('directories are searched, in the order of names, without mail, templates and hidden directories', async () => {
    await write({
      'b.yaml': object('b'),
      'a/z.yml': object('z'),
      'a/c.json': '{"apiVersion": "v1",\n\t"kind": "ConfigMap",\n\t"metadata": {"name": "json"}}',
      'notes.txt': 'a: [',
      'mail/x.yaml': 'a: [',
      'box/cur/x.yaml': 'a: [',
      'box/new/x': '',
      'box/tmp/x': '',
      'chart/Chart.yaml': 'apiVersion: v2\nname: chart\n',
      'chart/templates/x.yaml': '{{ if a }}',
      '.git/x.yaml': 'a: [',
      'node_modules/x.yaml': 'a: [',
    });
    const { objects, issues, files } = await loadPaths([root, join(root, 'b.yaml')]);
    expect(issues).toEqual([]);
    expect(objects.map(({ value }) => value.metadata)).toEqual([
      { name: 'json' },
      { name: 'z' },
      { name: 'b' },
      undefined,
    ]);
    expect(files).toEqual(['a/c.json', 'a/z.yml', 'b.yaml', 'chart/Chart.yaml'].map((file) => join(root, file)));
  });

  test('a path that does not exist and a directory without resources are errors', async () => {
    await write({ 'empty/readme.txt': '' });
    const { issues } = await loadPaths([join(root, 'nothing'), join(root, 'empty')]);
    expect(issues.map(({ file, level, message }) => ({ file, level, message }))).toEqual([
      { file: join(root, 'nothing'), level: 'semantics', message: 'no such file or directory' },
      { file: join(root, 'empty'), level: 'semantics', message: 'has no *.yaml, *.yml or *.json' },
    ]);
  });
});

describe('documents', () => {
  test.each([
    ['kind: A\nmetadata: {name: "x\n', 3, 1],
    ['kind: A\n\tmetadata: b\n', 2, 1],
    ['kind: A\nkind: B\n', 2, 1],
    ['kind: *nothing\n', 1, 8],
  ])('what is no YAML has a place: %j', (text, line, column) => {
    const { objects, issues } = loadText('a.yaml', text);
    expect(objects).toEqual([]);
    expect(issues).toMatchObject([{ file: 'a.yaml', line, column, level: 'admission' }]);
    expect(issues[0]?.message).toMatch(/^cannot be read: /);
  });

  test('empty documents and comments are nothing, other values are no objects', () => {
    expect(loadText('a.yaml', '# only words\n---\n---\n')).toEqual({ objects: [], issues: [] });
    expect(loadText('a.yaml', '---\n- 1\n').issues).toMatchObject([{ line: 2, message: 'is no Kubernetes object' }]);
    expect(loadText('values.yaml', 'replicas: 1\n').issues).toMatchObject([{ level: 'note' }]);
  });

  test('the items of a List are objects with their own places', () => {
    const text = 'apiVersion: v1\nkind: List\nitems:\n- kind: A\n  spec: {x: 1}\n- kind: B\n  spec:\n    y: 2\n';
    const { objects } = loadText('a.yaml', text);
    expect(objects.map(({ value }) => value.kind)).toEqual(['A', 'B']);
    expect(objects[1]?.locate('spec.y')).toEqual({ line: 8, column: 5 });
    expect(objects[0]?.locate('')).toEqual({ line: 4, column: 3 });
  });

  test('places are those of keys and items, whatever the style; what is not written has the place around it', () => {
    const text = [
      'kind: A', // 1
      'metadata: {name: b, labels: {"a b/c": d}}', // 2
      'spec:', // 3
      '  list:', // 4
      '    - name: one', // 5
      '      text: |', // 6
      '        two', // 7
      '      "quoted": 1', // 8
      '    - &x {name: three}', // 9
      '    - *x', // 10
      '  flow: [1, {deep: 2}]', // 11
      '---', // 12
      'kind: B', // 13
      '',
    ].join('\n');
    const { objects } = loadText('a.yaml', text);
    const places = {
      'metadata.labels["a b/c"]': [2, 30],
      'spec.list': [4, 3],
      'spec.list[0]': [5, 7],
      'spec.list[0].text': [6, 7],
      'spec.list[0].quoted': [8, 7],
      'spec.list[1].name': [9, 11],
      'spec.list[0].missing': [5, 7],
      'spec.list[0].missing.more[2]': [5, 7],
      'spec.flow[1].deep': [11, 14],
      'elsewhere.entirely': [1, 1],
    };
    for (const [path, [line, column]] of Object.entries(places)) {
      expect({ path, ...objects[0]?.locate(path) }).toEqual({ path, line, column });
    }
    expect(objects[1]?.locate('kind')).toEqual({ line: 13, column: 1 });
  });
});

describe('secrets', () => {
  const secret = (more: string) => `apiVersion: v1\nkind: Secret\n${more}\n`;
  test('stringData and data by name and key', () => {
    const { objects } = loadText(
      'a.yaml',
      [
        secret('metadata: {name: a}\ndata: {user: YQ==, password: b2xk}\nstringData: {password: new}'),
        secret('metadata: {name: b, namespace: other}\nstringData: {uri: x}'),
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {k: v}\n',
      ].join('---\n'),
    );
    const all = secretsOf(objects);
    expect([...all.keys()]).toEqual(['a', 'b']);
    expect(Object.fromEntries(all.get('a') ?? [])).toEqual({ user: 'a', password: 'new' });
    expect([...secretsOf(objects, 'mine').keys()]).toEqual(['a']);
    expect([...secretsOf(objects, 'other').keys()]).toEqual(['a', 'b']);
  });
});
