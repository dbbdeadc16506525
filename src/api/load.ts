import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { type Issue, item, type ObjectIssue, type Position } from './issue.ts';
import { isRecord } from './json-schema.ts';
import { readYaml } from './yaml.ts';

/** One Kubernetes object of a file, of whatever kind. */
export interface LoadedObject {
  /** Path of the file, as it was found from the path given. */
  readonly file: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Place of a path such as `spec.steps[0].filter`, or of the nearest part around it. */
  locate(path: string): Position;
}

export interface Loaded {
  readonly objects: readonly LoadedObject[];
  /** Files that are no YAML, documents that are no Kubernetes objects, paths that do not exist. */
  readonly issues: readonly Issue[];
  readonly files: readonly string[];
}

const extensions = new Set(['.yaml', '.yml', '.json']);

/**
 * Reads every object of some files and directories (recursively `*.yaml`, `*.yml` and `*.json`, in the order of names; without
 * hidden directories, `node_modules`, the templates of Helm charts, Maildirs and directories named `mail`). Never throws for what is in a file.
 */
export async function loadPaths(paths: readonly string[], signal?: AbortSignal): Promise<Loaded> {
  const objects: LoadedObject[] = [];
  const issues: Issue[] = [];
  const files: string[] = [];
  for (const path of paths) {
    const found = await filesOf(path, signal);
    if (found === undefined) issues.push(fileIssue(path, 'no such file or directory'));
    else if (found.length === 0) issues.push(fileIssue(path, 'has no *.yaml, *.yml or *.json'));
    for (const file of found ?? []) {
      if (files.includes(file)) continue;
      files.push(file);
      const loaded = loadText(file, await readFile(file, { encoding: 'utf8', signal }));
      objects.push(...loaded.objects);
      issues.push(...loaded.issues);
    }
  }
  return { objects, issues, files };
}

/** Reads every object of one text; `file` is what issues name. */
export function loadText(file: string, text: string): Omit<Loaded, 'files'> {
  const read = readYaml(text);
  if (read.problem) {
    const { line, column, message } = read.problem;
    const issue: Issue = { file, line, column, path: '', level: 'admission', message: `cannot be read: ${message}` };
    return { objects: [], issues: [issue] };
  }
  const objects: LoadedObject[] = [];
  const issues: Issue[] = [];
  for (const { value, locate } of read.documents) {
    if (!isRecord(value)) {
      issues.push({ file, ...locate(''), path: '', level: 'admission', message: 'is no Kubernetes object' });
    } else if (value.apiVersion === 'v1' && value.kind === 'List' && Array.isArray(value.items)) {
      value.items.forEach((each: unknown, index) => {
        const at = item('items', index);
        const within = (path: string) => locate(path === '' ? at : path.startsWith('[') ? at + path : `${at}.${path}`);
        if (isRecord(each)) objects.push({ file, value: each, locate: within });
        else issues.push({ file, ...locate(at), path: at, level: 'admission', message: 'is no Kubernetes object' });
      });
    } else if (value.kind === undefined && value.apiVersion === undefined) {
      const message = 'has neither apiVersion nor kind and is left out';
      issues.push({ file, ...locate(''), path: '', level: 'note', message });
    } else objects.push({ file, value, locate });
  }
  return { objects, issues };
}

/** An issue of an object with its place in the file. */
export const place = (object: LoadedObject, issue: ObjectIssue): Issue => ({
  file: object.file,
  ...object.locate(issue.path),
  ...issue,
});

const fileIssue = (file: string, message: string): Issue => ({
  file,
  line: 1,
  column: 1,
  path: '',
  level: 'semantics',
  message,
});

/** Files to read for a path; `undefined` when there is no such path. */
async function filesOf(path: string, signal: AbortSignal | undefined): Promise<readonly string[] | undefined> {
  try {
    return (await stat(path)).isDirectory() ? await search(path, signal) : [path];
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

async function search(directory: string, signal: AbortSignal | undefined): Promise<readonly string[]> {
  signal?.throwIfAborted();
  const entries = await readdir(directory, { withFileTypes: true });
  const names = new Set(entries.map((entry) => entry.name));
  if (['cur', 'new', 'tmp'].every((name) => names.has(name))) return [];
  const files: string[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    const template = entry.name === 'templates' && names.has('Chart.yaml');
    const skipped =
      template || entry.name.startsWith('.') || entry.name === 'node_modules' || basename(path) === 'mail';
    if (entry.isDirectory()) {
      if (!skipped) files.push(...(await search(path, signal)));
    } else if (extensions.has(extname(entry.name)) && !entry.name.startsWith('.')) files.push(path);
  }
  return files;
}

/**
 * The values of every `kind: Secret` by name and key, for running without a cluster; `stringData` wins over `data`, as in the API
 * server. With a namespace: without Secrets that name another one.
 */
export function secretsOf(
  objects: readonly LoadedObject[],
  namespace?: string,
): ReadonlyMap<string, ReadonlyMap<string, string>> {
  const secrets = new Map<string, Map<string, string>>();
  for (const { value } of objects) {
    const { metadata, data, stringData } = value;
    if (value.kind !== 'Secret' || value.apiVersion !== 'v1' || !isRecord(metadata)) continue;
    if (typeof metadata.name !== 'string') continue;
    const elsewhere = metadata.namespace !== undefined && metadata.namespace !== namespace;
    if (namespace !== undefined && elsewhere) continue;
    const keys = secrets.get(metadata.name) ?? new Map<string, string>();
    for (const [key, text] of Object.entries(isRecord(data) ? data : {})) {
      if (typeof text === 'string') keys.set(key, Buffer.from(text, 'base64').toString('utf8'));
    }
    for (const [key, text] of Object.entries(isRecord(stringData) ? stringData : {})) {
      if (typeof text === 'string') keys.set(key, text);
    }
    secrets.set(metadata.name, keys);
  }
  return secrets;
}
