import type { ClusterAccess } from './access.ts';
import type {
  DeleteOptions,
  KubernetesClient,
  ListOptions,
  ListPage,
  ListPageOptions,
  PatchType,
  WriteOptions,
} from './client-api.ts';
import { type Clock, systemClock } from './clock.ts';
import { isRecord, liveObject, versionOf } from './decode.ts';
import { isConflict, isExpired, isNotFound } from './errors.ts';
import type { KubernetesMetrics } from './metrics.ts';
import type { KubernetesObject, Live, ObjectName, ResourceType } from './objects.ts';
import { collectionPath, describe, listQuery, objectPath, withQuery, writeQuery } from './paths.ts';
import { type ApiRequest, createRequester } from './requester.ts';
import { createTransport } from './transport.ts';
import { watchStream } from './watch-stream.ts';

export type * from './client-api.ts';
export { loadAccess } from './load-access.ts';

export interface ClientOptions {
  readonly metrics?: KubernetesMetrics;
  readonly clock?: Clock;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly userAgent?: string;
}

const patchTypes: Readonly<Record<PatchType, string>> = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
};

/** A client of the cluster that `access` leads to: see `loadAccess`. */
export function createClient(access: ClusterAccess, options: ClientOptions = {}): KubernetesClient {
  const { clock = systemClock, random = Math.random, userAgent = 'mailmill', metrics } = options;
  const transport = createTransport(access);
  const requester = createRequester(transport, clock, random, metrics);

  const headers = (metadataOnly?: boolean, list?: boolean) => ({
    'user-agent': userAgent,
    accept:
      metadataOnly === true
        ? `application/json;as=PartialObjectMetadata${list === true ? 'List' : ''};g=meta.k8s.io;v=v1`
        : 'application/json',
  });

  type Call = Omit<ApiRequest, 'headers' | 'body' | 'quiet'> & { body?: unknown; contentType?: string };
  /** One write of one object. */
  const write = async <T extends KubernetesObject>(type: ResourceType<T>, call: Call): Promise<Live<T>> => {
    const { body, contentType = 'application/json', ...rest } = call;
    const sent = { ...headers(), 'content-type': contentType };
    const answer = await requester.json({ ...rest, headers: sent, body: JSON.stringify(body), ...hush(type) });
    return liveObject(type, answer);
  };

  const client: KubernetesClient = {
    namespace: access.namespace,
    get: async (type, name, { signal, timeoutMs, metadataOnly }) => {
      const answer = await requester.json({
        method: 'GET',
        verb: 'get',
        path: objectPath(type, name),
        headers: headers(metadataOnly),
        subject: describe('get', type, name),
        repeatable: true,
        signal,
        timeoutMs,
        ...hush(type),
      });
      return liveObject(type, answer);
    },
    find: async (type, name, read) => {
      try {
        return await client.get(type, name, read);
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    listPage: async <T extends KubernetesObject>(type: ResourceType<T>, page: ListPageOptions) => {
      const answer = await requester.json({
        method: 'GET',
        verb: 'list',
        path: withQuery(collectionPath(type, page.namespace), listQuery(page)),
        headers: headers(page.metadataOnly, true),
        subject: describe('list', type, page),
        repeatable: true,
        signal: page.signal,
        timeoutMs: page.timeoutMs,
      });
      const found: unknown = isRecord(answer) ? answer.items : undefined;
      const items = (Array.isArray(found) ? found : []).map((item) => liveObject(type, item));
      return { items, ...versionOf(answer) };
    },
    list: (type, all) => listAll(client, type, all),
    create: (type, object, how) =>
      write(type, {
        method: 'POST',
        verb: 'create',
        path: withQuery(collectionPath(type, object.metadata.namespace), writeQuery(how)),
        subject: describe('create', type, object.metadata),
        repeatable: false,
        body: object,
        ...limits(how),
      }),
    update: (type, object, how) =>
      write(type, {
        method: 'PUT',
        verb: 'update',
        path: withQuery(objectPath(type, object.metadata, how.subresource), writeQuery(how)),
        subject: describe('update', type, object.metadata),
        repeatable: false,
        body: object,
        ...limits(how),
      }),
    patch: (type, name, kind, patch, how) =>
      write(type, {
        method: 'PATCH',
        verb: 'patch',
        path: withQuery(objectPath(type, name, how.subresource), writeQuery(how)),
        subject: describe('patch', type, name),
        repeatable: false,
        body: patch,
        contentType: patchTypes[kind],
        ...limits(how),
      }),
    apply: (type, object, how) =>
      write(type, {
        method: 'PATCH',
        verb: 'apply',
        path: withQuery(objectPath(type, object.metadata, how.subresource), {
          ...writeQuery(how),
          force: how.force ?? true,
        }),
        subject: describe('apply', type, object.metadata),
        repeatable: true,
        body: object,
        // JSON is YAML.
        contentType: 'application/apply-patch+yaml',
        ...limits(how),
      }),
    updateStatus: (type, live, status, how) => {
      const { name, namespace, uid, resourceVersion } = live.metadata;
      return write(type, {
        method: 'PUT',
        verb: 'update-status',
        path: withQuery(objectPath(type, live.metadata, 'status'), writeQuery(how)),
        subject: describe('update the status of', type, live.metadata),
        repeatable: false,
        // What is beside metadata and status is not looked at.
        body: {
          apiVersion: live.apiVersion,
          kind: live.kind,
          metadata: { name, namespace, uid, resourceVersion },
          status,
        },
        ...limits(how),
      });
    },
    delete: (type, name, how) => deleted(how, () => requester.json(deletion(type, name, how, headers()))),
    watch: (type, watched) => watchStream(requester, type, headers(watched.metadataOnly), watched),
    close: () => transport.close(),
  };
  return client;
}

const limits = ({ signal, timeoutMs }: WriteOptions) => ({ signal, timeoutMs });

/** Answers about Secrets may quote their values. */
const hush = (type: ResourceType) => (type.group === '' && type.plural === 'secrets' ? { quiet: true } : {});

async function listAll<T extends KubernetesObject>(
  client: KubernetesClient,
  type: ResourceType<T>,
  { transform = (object) => object, ...options }: ListOptions<T>,
): Promise<ListPage<T>> {
  let items: Live<T>[] = [];
  let limit = options.limit;
  let continueToken: string | undefined;
  for (;;) {
    try {
      const page = await client.listPage(type, { ...options, limit, continueToken });
      for (const item of page.items) items.push(transform(item));
      continueToken = page.continueToken;
      if (continueToken === undefined) return { items, resourceVersion: page.resourceVersion };
    } catch (error) {
      if (continueToken === undefined || !isExpired(error)) throw error;
      // The snapshot was compacted away between two pages: one answer without pages cannot expire.
      continueToken = undefined;
      limit = 0;
      items = [];
    }
  }
}

function deletion(
  type: ResourceType,
  name: ObjectName,
  options: DeleteOptions,
  headers: Readonly<Record<string, string>>,
): ApiRequest {
  const { uid, resourceVersion } = options;
  return {
    method: 'DELETE',
    verb: 'delete',
    path: objectPath(type, name),
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagation ?? 'Background',
      preconditions: { uid, resourceVersion },
    }),
    subject: describe('delete', type, name),
    repeatable: true,
    signal: options.signal,
    timeoutMs: options.timeoutMs,
  };
}

async function deleted(options: DeleteOptions, send: () => Promise<unknown>): Promise<boolean> {
  try {
    await send();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    // A namesake with another uid is there: the object that was meant is gone.
    if (isConflict(error) && options.uid !== undefined && options.resourceVersion === undefined) return false;
    throw error;
  }
}
