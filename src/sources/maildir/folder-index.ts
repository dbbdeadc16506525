import fs from 'node:fs/promises';
import path from 'node:path';
import { throwIfAborted } from '../abort.ts';
import { keyOf } from './names.ts';

/** One message file. */
export interface Entry {
  readonly uid: number;
  readonly key: string;
  /** Bytes. */
  readonly size: number;
  readonly time: Date;
  /** Where it was last seen; a mail client may move it at any time. */
  file: Buffer;
  name: Buffer;
}

/** UIDs for keys, in the order given. */
export type Assign = (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;

interface Found {
  readonly key: string;
  readonly file: Buffer;
  readonly name: Buffer;
}

/** Keys that are given to the store at once. */
const assignAtOnce = 5_000;
/** Milliseconds within which a directory may change twice with the same time on it (2 s on coarse file systems). */
const racy = 2_000;

const join = (dir: string, ...names: readonly (string | Buffer)[]): Buffer =>
  Buffer.concat([Buffer.from(dir), ...names.flatMap((name) => [Buffer.from('/'), Buffer.from(name)])]);

/** What is in a Maildir's `new` and `cur`, read again only when one of them has changed. */
export class FolderIndex {
  readonly #dir: string;
  readonly #assign: Assign;
  readonly #clock: () => number;
  #byKey = new Map<string, Entry>();
  #byUid = new Map<number, Entry>();
  #uids: readonly number[] = [];
  /** Stamp of both directories before they were last read. */
  #stamp: string | undefined;
  #highest = 0;

  constructor(dir: string, assign: Assign, clock: () => number) {
    this.#dir = dir;
    this.#assign = assign;
    this.#clock = clock;
  }

  /** UIDs that are there, ascending. */
  get uids(): readonly number[] {
    return this.#uids;
  }

  /** Greater than every UID seen so far. */
  get uidNext(): number {
    return this.#highest + 1;
  }

  get(uid: number): Entry | undefined {
    return this.#byUid.get(uid);
  }

  async #readStamp(): Promise<string | undefined> {
    const now = this.#clock();
    const stats = await Promise.all(['new', 'cur'].map((sub) => fs.stat(path.join(this.#dir, sub), { bigint: true })));
    // A directory that changed a moment ago may change again unnoticed: its stamp is worth nothing yet.
    if (stats.some((stat) => now - Number(stat.mtimeMs) < racy)) return undefined;
    return stats.map((stat) => `${stat.ino}:${stat.mtimeNs}`).join(' ');
  }

  /** Whether something may have changed since the last refresh. */
  async hasChanged(): Promise<boolean> {
    return this.#stamp === undefined || (await this.#readStamp()) !== this.#stamp;
  }

  /** Reads the directories when they may have changed. Returns whether messages came or went. */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const stamp = await this.#readStamp();
    if (stamp !== undefined && stamp === this.#stamp) return false;
    const found = await this.#scan();
    const fresh = await this.#describe([...found.values()].filter(({ key }) => !this.#byKey.has(key)));
    const byKey = new Map<string, Entry>();
    for (const [key, { file, name }] of found) {
      const known = this.#byKey.get(key);
      if (known) byKey.set(key, Object.assign(known, { file, name }));
    }
    const kept = byKey.size;
    for (let at = 0; at < fresh.length; at += assignAtOnce) {
      throwIfAborted(signal);
      const part = fresh.slice(at, at + assignAtOnce);
      const uids = await this.#assign(part.map(({ key }) => key));
      for (const entry of part) {
        const uid = uids.get(entry.key);
        if (uid !== undefined) byKey.set(entry.key, { ...entry, uid });
      }
    }
    const changed = byKey.size !== kept || kept !== this.#byKey.size;
    this.#byKey = byKey;
    this.#byUid = new Map([...byKey.values()].map((entry) => [entry.uid, entry]));
    this.#uids = [...this.#byUid.keys()].sort((a, b) => a - b);
    this.#highest = Math.max(this.#highest, this.#uids.at(-1) ?? 0);
    this.#stamp = stamp;
    return changed;
  }

  /** `new` before `cur`: a file that is moved meanwhile is seen twice rather than never. */
  async #scan(): Promise<Map<string, Found>> {
    const found = new Map<string, Found>();
    for (const sub of ['new', 'cur']) {
      for (const name of await fs.readdir(path.join(this.#dir, sub), { encoding: 'buffer' })) {
        if (name[0] === 0x2e) continue;
        const key = keyOf(name);
        found.set(key, { key, name, file: join(this.#dir, sub, name) });
      }
    }
    return found;
  }

  /** Adds size and time, in the order in which UIDs are given: by time, then by name. Leaves out what is no regular file. */
  async #describe(files: readonly Found[]): Promise<Omit<Entry, 'uid'>[]> {
    const entries: Omit<Entry, 'uid'>[] = [];
    const atOnce = 64;
    for (let at = 0; at < files.length; at += atOnce) {
      const stats = await Promise.all(
        files.slice(at, at + atOnce).map(async (found) => {
          const stat = await fs.lstat(found.file).catch(() => undefined);
          return stat?.isFile() ? { ...found, size: stat.size, time: stat.mtime } : undefined;
        }),
      );
      for (const entry of stats) if (entry) entries.push(entry);
    }
    return entries.sort((a, b) => a.time.getTime() - b.time.getTime() || (a.key < b.key ? -1 : 1));
  }
}
