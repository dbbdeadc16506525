import { throwIfAborted } from '../abort.ts';
import { type FolderSelection, isSelected } from '../folder-patterns.ts';
import type { Bucket, PagePosition, S3Object } from './bucket.ts';

/** UIDs of objects, kept in the store and shared by all who read the bucket. */
export interface ObjectUids {
  assign(ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** The greatest UID that was given; 0: none. */
  last(): Promise<number>;
  /** The objects with these UIDs, inclusive. */
  ids(from: number, to: number): Promise<ReadonlyMap<number, string>>;
}

export interface ObjectEntry {
  readonly uid: number;
  readonly object: S3Object;
  /** Number of the sweep that has seen it last. */
  seen: number;
}

export interface ObjectIndexOptions {
  readonly bucket: Pick<Bucket, 'list' | 'listVersions' | 'head'>;
  readonly prefix: string;
  readonly selection: FolderSelection;
  readonly allVersions: boolean;
  readonly requestsPerPoll: number;
  readonly uids: ObjectUids;
}

const pageSize = 1_000;
/** Ids that are given to the store at once. */
const assignAtOnce = 5_000;
/** Objects that are asked for one by one at the same time. */
const headsAtOnce = 16;
/** What cannot be read without restoring it first. */
const coldClasses = new Set(['GLACIER', 'DEEP_ARCHIVE']);

/** What tells a message from others in the bucket: key and version, else key and ETag. */
export function objectId({ key, etag, version }: Pick<S3Object, 'key' | 'etag' | 'version'>): string {
  if (version === undefined) return `${key}\n${etag}`;
  return version === 'null' ? `${key}\nv:null:${etag}` : `${key}\nv:${version}`;
}

/** The object that an id stands for. */
export function objectOfId(id: string): Pick<S3Object, 'key' | 'etag' | 'version'> {
  const at = id.lastIndexOf('\n');
  const key = id.slice(0, at);
  const rest = id.slice(at + 1);
  if (!rest.startsWith('v:')) return { key, etag: rest };
  if (rest.startsWith('v:null:')) return { key, etag: rest.slice(7), version: 'null' };
  return { key, etag: '', version: rest.slice(2) };
}

/**
 * What is in a bucket under a prefix. The first look lists everything. Later ones list what lies behind the greatest key, and go on with a
 * sweep over all keys with what requests are left: keys may be random, and then new ones are anywhere.
 */
export class ObjectIndex {
  readonly #options: ObjectIndexOptions;
  readonly #byId = new Map<string, ObjectEntry>();
  readonly #byUid = new Map<number, ObjectEntry>();
  #uids: readonly number[] | undefined = [];
  #complete = false;
  /** Seen and not numbered yet; what fails on the way is not forgotten. */
  readonly #fresh = new Map<string, { readonly object: S3Object; readonly seen: number }>();
  #lastKey: string | undefined;
  #sweep = 1;
  #position: PagePosition | undefined;
  /** Requests of the sweep that is under way, and of the one before. */
  #pages = 0;
  #lastPages = Number.POSITIVE_INFINITY;
  /** Every object with a UID up to this one is in the index, or gone; undefined before the first look. */
  #known: number | undefined;
  #highest = 0;

  constructor(options: ObjectIndexOptions) {
    this.#options = options;
  }

  /** UIDs that are there, ascending. */
  get uids(): readonly number[] {
    this.#uids ??= [...this.#byUid.keys()].sort((a, b) => a - b);
    return this.#uids;
  }

  /** Greater than every UID seen so far. */
  get uidNext(): number {
    return this.#highest + 1;
  }

  get(uid: number): ObjectEntry | undefined {
    return this.#byUid.get(uid);
  }

  /** It turned out to be gone. */
  remove(uid: number): void {
    const entry = this.#byUid.get(uid);
    if (!entry) return;
    this.#byUid.delete(uid);
    this.#byId.delete(objectId(entry.object));
    this.#uids = undefined;
  }

  /** Looks for new objects. */
  async refresh(signal: AbortSignal): Promise<void> {
    const { requestsPerPoll, uids } = this.#options;
    // What others have numbered before our first look began is found by that look, or gone.
    this.#known ??= await uids.last();
    if (!this.#complete) await this.#sweepOn(Number.POSITIVE_INFINITY, signal);
    else {
      // Where one poll sees everything there is nothing behind the last key that it would not see.
      const whole = this.#position === undefined && this.#lastPages <= requestsPerPoll;
      const left = whole ? requestsPerPoll : (await this.#tail(requestsPerPoll - 1, signal)) + 1;
      await this.#sweepOn(left, signal);
    }
    await this.#number(signal);
    await this.#fillGaps(this.#known, signal);
    this.#complete = true;
  }

  #list(after: PagePosition | undefined, signal: AbortSignal) {
    const { bucket, allVersions } = this.#options;
    return allVersions ? bucket.listVersions(after, pageSize, signal) : bucket.list(after, pageSize, signal);
  }

  /** What lies behind the greatest key; returns how many requests are left. */
  async #tail(requests: number, signal: AbortSignal): Promise<number> {
    let left = requests;
    let after: PagePosition | undefined = this.#lastKey === undefined ? undefined : { key: this.#lastKey };
    if (after === undefined) return left; // the sweep begins at the beginning anyway
    for (; left > 0 && after; left--) {
      const page = await this.#list(after, signal);
      for (const object of page.objects) this.#see(object);
      after = page.next;
    }
    return left;
  }

  /** Goes on with the sweep; at its end what it has not seen is gone. */
  async #sweepOn(requests: number, signal: AbortSignal): Promise<void> {
    for (let left = requests; left > 0; left--) {
      throwIfAborted(signal);
      const page = await this.#list(this.#position, signal);
      for (const object of page.objects) this.#see(object);
      this.#position = page.next;
      this.#pages += 1;
      if (this.#position) continue;
      for (const [uid, entry] of this.#byUid) if (entry.seen < this.#sweep) this.remove(uid);
      this.#sweep += 1;
      this.#lastPages = this.#pages;
      this.#pages = 0;
      return;
    }
  }

  #see(object: S3Object): void {
    const { prefix, selection } = this.#options;
    if (this.#lastKey === undefined || Buffer.compare(Buffer.from(object.key), Buffer.from(this.#lastKey)) > 0)
      this.#lastKey = object.key;
    const id = objectId(object);
    const known = this.#byId.get(id);
    if (known) {
      known.seen = this.#sweep;
      return;
    }
    const folderMarker = object.size === 0 && object.key.endsWith('/');
    const cold = coldClasses.has(object.storageClass ?? '');
    if (!folderMarker && !cold && isSelected(object.key.slice(prefix.length), selection))
      this.#fresh.set(id, { object, seen: this.#sweep });
  }

  /** Gives UIDs in the order of arrival. */
  async #number(signal: AbortSignal): Promise<void> {
    const ordered = [...this.#fresh].sort(
      ([, { object: a }], [, { object: b }]) =>
        a.modifiedAt.getTime() - b.modifiedAt.getTime() || (a.key < b.key ? -1 : 1),
    );
    for (let at = 0; at < ordered.length; at += assignAtOnce) {
      throwIfAborted(signal);
      const part = ordered.slice(at, at + assignAtOnce);
      const uids = await this.#options.uids.assign(part.map(([id]) => id));
      for (const [id, { object, seen }] of part) {
        const uid = uids.get(id);
        if (uid !== undefined) this.#add(id, { uid, object, seen });
        this.#fresh.delete(id);
      }
    }
  }

  #add(id: string, entry: ObjectEntry): void {
    const { uid } = entry;
    this.#byId.set(id, entry);
    this.#byUid.set(uid, entry);
    this.#highest = Math.max(this.#highest, uid);
    this.#uids = undefined;
  }

  /**
   * Another reader may have numbered objects that our look did not come by. A cursor passes everything below the greatest UID, so they must be
   * here before that one is told.
   */
  async #fillGaps(known: number, signal: AbortSignal): Promise<void> {
    const { uids, bucket } = this.#options;
    if (this.#highest > known) {
      const ids = await uids.ids(known + 1, this.#highest);
      const unknown = [...ids].filter(([uid]) => !this.#byUid.has(uid));
      for (let at = 0; at < unknown.length; at += headsAtOnce)
        await Promise.all(
          unknown.slice(at, at + headsAtOnce).map(async ([uid, id]) => {
            const object = await bucket.head(objectOfId(id), signal);
            if (object) this.#add(id, { uid, object, seen: this.#sweep });
          }),
        );
    }
    this.#known = Math.max(known, this.#highest);
  }
}
