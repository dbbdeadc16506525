import type { KubernetesObject, Live, ObjectName, ResourceType } from './objects.ts';

export interface RequestOptions {
  readonly signal: AbortSignal;
  /** For the whole request including retries after 429; default 30,000. */
  readonly timeoutMs?: number;
}

export interface ReadOptions extends RequestOptions {
  /** Ask for `PartialObjectMetadata` only: no spec, no data. */
  readonly metadataOnly?: boolean;
}

export interface Selection {
  /** Absent: all namespaces. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

export interface ListPageOptions extends ReadOptions, Selection {
  /** Objects a page; default 500. */
  readonly limit?: number;
  readonly continueToken?: string;
  readonly resourceVersion?: string;
}

export interface ListOptions<T extends KubernetesObject> extends Omit<ListPageOptions, 'continueToken'> {
  /** Shrinks each object as its page arrives, so that a long list is never held whole at full size. */
  readonly transform?: (object: Live<T>) => Live<T>;
}

export interface ListPage<T extends KubernetesObject> {
  readonly items: readonly Live<T>[];
  /** Version of the collection: where a watch may begin. */
  readonly resourceVersion: string;
  /** Present when there are more pages. */
  readonly continueToken?: string;
}

export interface WatchOptions extends Selection {
  /** Ends the stream quietly. */
  readonly signal: AbortSignal;
  readonly resourceVersion: string;
  /** After this the server ends the stream; whole seconds. */
  readonly timeoutSeconds: number;
  readonly metadataOnly?: boolean;
  /**
   * Silence that counts as a dead connection; default 150,000. The server sends a bookmark each minute even when
   * nothing changes, so that this notices a proxy that forgot the connection long before the watch's own end.
   */
  readonly idleMs?: number;
  /** Called once the server has answered 200. */
  readonly onOpen?: () => void;
}

export type WatchEvent<T extends KubernetesObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: Live<T> }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

export interface WriteOptions extends RequestOptions {
  /** Default `mailmill`. */
  readonly fieldManager?: string;
  readonly subresource?: 'status' | 'scale';
  /** Validate and answer as if done, without storing it. */
  readonly dryRun?: boolean;
}

export interface ApplyOptions extends WriteOptions {
  /** Take fields over from other managers; default true. */
  readonly force?: boolean;
}

export interface DeleteOptions extends RequestOptions {
  /** Default `Background`. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  /** Delete only this very object, not a namesake. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

export type PatchType = 'merge' | 'json';

/**
 * A thin client of the API server. Each method answers with the live object or throws `KubernetesError`; an aborted
 * signal throws the signal's reason. 429 with Retry-After is honoured inside (every method; the server did nothing
 * yet), within `timeoutMs`; other failures are the caller's to retry.
 */
export interface KubernetesClient {
  /** Namespace of the kubeconfig's context or of the pod's service account. */
  readonly namespace: string | undefined;
  get<T extends KubernetesObject>(type: ResourceType<T>, name: ObjectName, options: ReadOptions): Promise<Live<T>>;
  /** As `get`; `undefined` when there is none. */
  find<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: ObjectName,
    options: ReadOptions,
  ): Promise<Live<T> | undefined>;
  listPage<T extends KubernetesObject>(type: ResourceType<T>, options: ListPageOptions): Promise<ListPage<T>>;
  /** All pages as one consistent list; begun anew, unpaged, when its snapshot expires between two pages. */
  list<T extends KubernetesObject>(type: ResourceType<T>, options: ListOptions<T>): Promise<ListPage<T>>;
  create<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<Live<T>>;
  /** PUT: needs `metadata.resourceVersion` of the object it replaces, and fails with `isConflict` when it moved on. */
  update<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: WriteOptions): Promise<Live<T>>;
  patch<T extends KubernetesObject>(
    type: ResourceType<T>,
    name: ObjectName,
    kind: PatchType,
    patch: unknown,
    options: WriteOptions,
  ): Promise<Live<T>>;
  /** Server-side apply: `object` holds every field that we want to own, and no other. */
  apply<T extends KubernetesObject>(type: ResourceType<T>, object: T, options: ApplyOptions): Promise<Live<T>>;
  /**
   * Replaces the whole status of the object as it was read (`live.metadata.resourceVersion` must still be current:
   * else `isConflict`). Writes nothing but status.
   */
  updateStatus<T extends KubernetesObject & { readonly status?: unknown }>(
    type: ResourceType<T>,
    live: Live<T>,
    status: T['status'],
    options: RequestOptions,
  ): Promise<Live<T>>;
  /** Absent already counts as deleted: answers whether there was something to delete. */
  delete(type: ResourceType, name: ObjectName, options: DeleteOptions): Promise<boolean>;
  /**
   * One watch request, decoded. Ends quietly when the server ends it, throws when it breaks; silence beyond the
   * server's timeout, or beyond `idleMs`, counts as broken. An ERROR event is thrown as the `KubernetesError` that it carries.
   */
  watch<T extends KubernetesObject>(type: ResourceType<T>, options: WatchOptions): AsyncIterable<WatchEvent<T>>;
  /** Closes idle connections. */
  close(): void;
}
