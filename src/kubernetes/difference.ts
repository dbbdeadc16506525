import { isRecord } from './decode.ts';
import { quantityOf } from './quantity.ts';

/** What a desired field and the live one are; `undefined` live means absent. */
export interface Difference {
  /** `spec.template.spec.containers[name=worker].image`. */
  readonly path: string;
  readonly desired: unknown;
  readonly live: unknown;
}

/** Keys of the API's list maps by field name; every other list is atomic: same length, same order. */
const listMapKeys: Readonly<Record<string, readonly string[]>> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  volumes: ['name'],
  env: ['name'],
  imagePullSecrets: ['name'],
  volumeMounts: ['mountPath'],
  ownerReferences: ['uid'],
  hostAliases: ['ip'],
  topologySpreadConstraints: ['topologyKey', 'whenUnsatisfiable'],
  conditions: ['type'],
};

/** Of containers and Services a list map, of network policies an atomic list. */
const containerPortKeys = ['containerPort', 'protocol'];
const servicePortKeys = ['port', 'protocol'];

/** Fields whose values the server writes in a form of its own. */
const quantityParents = new Set(['limits', 'requests']);
const quantityFields = new Set(['sizeLimit', 'storage', 'divisor']);

/** Path and values of the first desired field that `live` lacks or has otherwise, in the order of `desired`. */
export function findDifference(desired: unknown, live: unknown): Difference | undefined {
  return compare(desired, live, []);
}

function compare(desired: unknown, live: unknown, path: readonly string[]): Difference | undefined {
  // Undefined fields never reach the wire; null means "no value" to the API.
  if (desired === undefined || desired === null) {
    return desired === null && live !== undefined && live !== null ? found(path, desired, live) : undefined;
  }
  if (Array.isArray(desired)) return compareLists(desired, live, path);
  if (isRecord(desired)) return compareMaps(desired, live, path);
  return desired === live || sameQuantity(desired, live, path) ? undefined : found(path, desired, live);
}

function compareMaps(desired: Record<string, unknown>, live: unknown, path: readonly string[]): Difference | undefined {
  const fields = Object.entries(desired).filter(([, value]) => value !== undefined);
  if (live === undefined || live === null) {
    // The server drops empty maps of labels and the like.
    return fields.length === 0 ? undefined : found(path, desired, live);
  }
  if (!isRecord(live)) return found(path, desired, live);
  for (const [name, value] of fields) {
    const difference = compare(value, live[name], [...path, name]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function compareLists(desired: readonly unknown[], live: unknown, path: readonly string[]): Difference | undefined {
  if (desired.length === 0 && (live === undefined || live === null)) return undefined;
  if (!Array.isArray(live)) return found(path, desired, live);
  const keys = keysOf(desired, path);
  if (keys !== undefined) return compareByKey(desired, live, keys, path);
  if (desired.length !== live.length) return found(path, desired, live);
  for (const [index, item] of desired.entries()) {
    const difference = compare(item, live[index], [...path, `[${index}]`]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function keysOf(items: readonly unknown[], path: readonly string[]): readonly string[] | undefined {
  const field = path.at(-1) ?? '';
  if (field === 'ports') {
    const all = (name: string) => items.every((item) => isRecord(item) && name in item);
    return all('containerPort') ? containerPortKeys : all('targetPort') ? servicePortKeys : undefined;
  }
  return listMapKeys[field];
}

/** Items that only the live list has belong to others (an injected sidecar): apply could not remove them. */
function compareByKey(
  desired: readonly unknown[],
  live: readonly unknown[],
  keys: readonly string[],
  path: readonly string[],
): Difference | undefined {
  const keyed = (item: unknown) =>
    isRecord(item) ? keys.map((key) => item[key] ?? (key === 'protocol' ? 'TCP' : undefined)).join('/') : '';
  const byKey = new Map(live.map((item) => [keyed(item), item]));
  for (const item of desired) {
    const key = keyed(item);
    const difference = compare(item, byKey.get(key), [...path, `[${keys[0]}=${key}]`]);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function sameQuantity(desired: unknown, live: unknown, path: readonly string[]): boolean {
  if (!quantityParents.has(path.at(-2) ?? '') && !quantityFields.has(path.at(-1) ?? '')) return false;
  const value = quantityOf(desired);
  return value !== undefined && value === quantityOf(live);
}

const found = (path: readonly string[], desired: unknown, live: unknown): Difference => ({
  path: path.reduce((text, part) => (text === '' || part.startsWith('[') ? text + part : `${text}.${part}`), ''),
  desired,
  live,
});

/** Values that may be shown: scalars outside of what may be secret or long. */
const secretPath = /^(data|stringData|binaryData)(\.|$)|\.env\[[^\]]*\](\.|$)|annotations/;
const maxShown = 120;

/** `spec.replicas: 1 → 2`; without values where they could be secret, and cut where they are long. */
export function tellDifference({ path, desired, live }: Difference): string {
  if (secretPath.test(path)) return path;
  return `${path}: ${shown(live)} → ${shown(desired)}`;
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return 'absent';
  if (typeof value === 'object') return Array.isArray(value) ? `${value.length} items` : 'set';
  const text = String(value);
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}
