import { type ObjectIssue, property } from './issue.ts';
import { isRecord } from './json-schema.ts';
import { maxNameLength } from './resources.ts';
import { closest } from './suggest.ts';

const fields = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
];

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const qualifiedName = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const labelValue = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;
/** Random characters that the API server adds to `generateName`. */
const generatedLength = 5;

const issue = (path: string, message: string, suggestion?: string): ObjectIssue => ({
  path,
  level: 'admission',
  message,
  ...(suggestion === undefined ? {} : { suggestion }),
});

/** Checks what a file may say in `metadata`, as the API server does on create. The rule on the name's length is in `rootRules`. */
export function checkMetadata(metadata: unknown): ObjectIssue[] {
  if (!isRecord(metadata)) return [issue('metadata', 'is required', 'with at least a name')];
  const issues: ObjectIssue[] = [];
  for (const name of Object.keys(metadata)) {
    if (fields.includes(name)) continue;
    const meant = closest(name, fields);
    issues.push(
      issue(property('metadata', name), 'unknown field', meant === undefined ? undefined : `did you mean "${meant}"?`),
    );
  }
  return [
    ...issues,
    ...checkName(metadata),
    ...checkNamespace(metadata.namespace),
    ...checkLabels(metadata.labels),
    ...checkAnnotations(metadata.annotations),
    ...(metadata.resourceVersion === undefined || metadata.resourceVersion === null || metadata.resourceVersion === ''
      ? []
      : [
          {
            path: 'metadata.resourceVersion',
            level: 'semantics' as const,
            message: 'is set by the API server, which refuses to create an object that brings one',
            suggestion: 'remove it',
          },
        ]),
  ];
}

function checkName(metadata: Record<string, unknown>): ObjectIssue[] {
  const name = metadata.name ?? '';
  const prefix = metadata.generateName ?? '';
  if (typeof name !== 'string') return [issue('metadata.name', 'must be a string', 'put it in quotes')];
  if (typeof prefix !== 'string') return [issue('metadata.generateName', 'must be a string', 'put it in quotes')];
  if (name === '' && prefix === '') return [issue('metadata.name', 'is required')];
  if (name === '') {
    if (!subdomain.test(`${prefix}x`)) return [issue('metadata.generateName', lowerCase)];
    return prefix.length + generatedLength > maxNameLength
      ? [issue('metadata.generateName', `is longer than ${maxNameLength - generatedLength} characters`)]
      : [];
  }
  if (subdomain.test(name)) return [];
  const fixed = name.toLowerCase().replaceAll(/[^-a-z0-9.]+/g, '-');
  return [issue('metadata.name', lowerCase, subdomain.test(fixed) ? `for example ${fixed}` : undefined)];
}

const lowerCase = 'must be lower-case letters, digits, `-` and `.`, with a letter or digit at both ends of each part';

function checkNamespace(namespace: unknown): ObjectIssue[] {
  if (namespace === undefined || namespace === null || namespace === '') return [];
  if (typeof namespace !== 'string') return [issue('metadata.namespace', 'must be a string', 'put it in quotes')];
  if (namespace.length <= 63 && label.test(namespace)) return [];
  return [issue('metadata.namespace', 'must be at most 63 lower-case letters, digits and `-`')];
}

/** Whether a label or annotation key is a name with an optional DNS prefix. */
export function isQualifiedName(key: string): boolean {
  const parts = key.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 2 || name.length > 63 || !qualifiedName.test(name)) return false;
  const [prefix] = parts;
  return parts.length === 1 || (prefix !== undefined && prefix.length <= 253 && subdomain.test(prefix));
}

const qualified =
  'the key must be a name of at most 63 letters, digits, `-`, `_` and `.`, with an optional `dns.prefix/`';

function checkStrings(value: unknown, path: string): ObjectIssue[] {
  if (value === undefined || value === null) return [];
  if (!isRecord(value)) return [issue(path, 'must be an object')];
  return Object.entries(value).flatMap(([key, given]) =>
    given === null || typeof given === 'string'
      ? []
      : [issue(property(path, key), 'must be a string', typeof given === 'object' ? undefined : 'put it in quotes')],
  );
}

function checkLabels(labels: unknown): ObjectIssue[] {
  const wrong = checkStrings(labels, 'metadata.labels');
  if (wrong.length > 0 || !isRecord(labels)) return wrong;
  return Object.entries(labels).flatMap(([key, value]) => {
    const path = property('metadata.labels', key);
    if (!isQualifiedName(key)) return [issue(path, qualified)];
    const valid = value === null || (typeof value === 'string' && value.length <= 63 && labelValue.test(value));
    return valid ? [] : [issue(path, 'must be at most 63 letters, digits, `-`, `_` and `.`')];
  });
}

function checkAnnotations(annotations: unknown): ObjectIssue[] {
  const wrong = checkStrings(annotations, 'metadata.annotations');
  if (wrong.length > 0 || !isRecord(annotations)) return wrong;
  const keys = Object.keys(annotations);
  const size = keys.reduce(
    (sum, key) => sum + Buffer.byteLength(key) + Buffer.byteLength(String(annotations[key] ?? '')),
    0,
  );
  return [
    ...keys
      // The API server compares annotation keys in lower case.
      .filter((key) => !isQualifiedName(key.toLowerCase()))
      .map((key) => issue(property('metadata.annotations', key), qualified)),
    ...(size > 256 * 1024 ? [issue('metadata.annotations', 'have more than 256 KiB together')] : []),
  ];
}
