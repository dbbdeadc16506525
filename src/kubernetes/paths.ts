import { stalled } from '../telemetry/errors.ts';
import type { ListPageOptions, Selection, WatchOptions, WriteOptions } from './client-api.ts';
import type { ObjectName, ResourceType } from './objects.ts';

type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** `/apis/apps/v1/namespaces/a/deployments`, or over all namespaces. */
export function collectionPath(type: ResourceType, namespace: string | undefined): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.plural}`;
}

export function objectPath(type: ResourceType, name: ObjectName, subresource?: string): string {
  if (type.namespaced && name.namespace === undefined) {
    throw stalled('KUBERNETES_NAMESPACE_MISSING', `${type.plural} are namespaced: name the namespace of ${name.name}`);
  }
  const path = `${collectionPath(type, name.namespace)}/${encodeURIComponent(name.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

export function withQuery(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === '' ? path : `${path}?${text}`;
}

const selectors = ({ labelSelector, fieldSelector }: Selection): Query => ({ labelSelector, fieldSelector });

export const listQuery = (options: ListPageOptions): Query => ({
  ...selectors(options),
  limit: options.limit === 0 ? undefined : (options.limit ?? 500),
  continue: options.continueToken,
  resourceVersion: options.resourceVersion,
});

export const watchQuery = (options: WatchOptions): Query => ({
  ...selectors(options),
  watch: true,
  allowWatchBookmarks: true,
  resourceVersion: options.resourceVersion,
  timeoutSeconds: options.timeoutSeconds,
});

export const writeQuery = (options: WriteOptions): Query => ({
  fieldManager: options.fieldManager ?? 'mailmill',
  dryRun: options.dryRun === true ? 'All' : undefined,
});

/** `get secrets/a in namespace b`, for messages. */
export const describe = (verb: string, type: ResourceType, name: Partial<ObjectName>) => {
  const what = name.name === undefined ? type.plural : `${type.plural}/${name.name}`;
  return name.namespace === undefined ? `${verb} ${what}` : `${verb} ${what} in namespace ${name.namespace}`;
};
