import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import fs from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { transient } from '../../telemetry/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { MboxEntries, type MboxEntry } from './entries.ts';
import { fileLocked } from './errors.ts';
import { HashCounter } from './hash-counter.ts';
import { isLocked } from './locks.ts';
import { openRegular, reader } from './open.ts';
import { type MboxFormat, type ReadAt, type ScannedMessage, scanMbox } from './scan.ts';

/** UIDs for keys, in the order given. */
export type Assign = (keys: readonly string[]) => Promise<ReadonlyMap<string, number>>;

export interface FileIndexOptions {
  readonly file: string;
  readonly format: MboxFormat;
  readonly assign: Assign;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** A message that was read again. */
export interface ReadEntry {
  readonly raw: Buffer;
  readonly flags: readonly string[];
}

/** Keys that are given to the store at once. */
const assignAtOnce = 5_000;
/** A file that changed a moment ago may change again within the same tick of its clock; milliseconds. */
const racyMs = 2_000;
/** How long a file must have stood still before its last message counts as complete: with a blank line or its full length at the end, and without. */
const quietMs = 1_000;
const brokenQuietMs = 30_000;
/** How long a lock is waited for, and how often it is looked at. */
const lockMs = 5_000;
const lockLookMs = 100;
/** Bytes at the beginning, and before the place where reading goes on, that must be the same as before. */
const probeBytes = 4_096;
const headerBytes = 300_000;

const hashOf = (sha256: Buffer): bigint => sha256.readBigUInt64BE(0);

/** What is in one mbox file. It is read on from where it ended, or again as a whole when it is not what it was. */
export class MboxFileIndex {
  readonly #options: FileIndexOptions;
  #entries = new MboxEntries();
  #counter = new HashCounter();
  #stat: BigIntStats | undefined;
  /** Since when the file has been as it is, and when it was looked at last, by our clock. */
  #sameSince = 0;
  #lookedAt = 0;
  /** Where the last message begins, from which reading goes on. */
  #resume = 0;
  #probe = '';
  /** The last message in the file may still grow. */
  #unfinished = false;
  #epoch = 1n;
  #highest = 0;
  /** What was read turned out to be something else. */
  #doubtful = false;

  constructor(options: FileIndexOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#entries.count;
  }

  /** Greater than every UID seen so far. */
  get uidNext(): number {
    return this.#highest + 1;
  }

  /** Another one when the file does not begin with the same message any more: it was rotated, emptied or rewritten. */
  get epoch(): bigint {
    return this.#epoch;
  }

  uids(from: number, to = Number.MAX_SAFE_INTEGER): readonly number[] {
    return this.#entries.uids(from, to);
  }

  get(uid: number): MboxEntry | undefined {
    return this.#entries.get(uid);
  }

  /** Whether a refresh would find something else. */
  async hasChanged(): Promise<boolean> {
    const stat = await fs.lstat(this.#options.file, { bigint: true });
    return !this.#isSame(stat) || this.#unfinished || this.#doubtful;
  }

  #isSame(stat: BigIntStats): boolean {
    const last = this.#stat;
    return (
      last !== undefined &&
      last.ino === stat.ino &&
      last.dev === stat.dev &&
      last.size === stat.size &&
      last.mtimeNs === stat.mtimeNs &&
      this.#lookedAt - Number(stat.mtimeMs) >= racyMs
    );
  }

  /** Reads what is new. Returns whether messages came or went. Throws Transient `MBOX_LOCKED`. */
  async refresh(signal: AbortSignal): Promise<boolean> {
    const { file, clock } = this.#options;
    const seen = await fs.lstat(file, { bigint: true });
    if (this.#isSame(seen) && !this.#unfinished && !this.#doubtful) return false;
    await this.#untilFree(signal);
    await using handle = await openRegular(file);
    const stat = await handle.stat({ bigint: true });
    const read = reader(handle);
    const unmoved =
      this.#stat?.ino === stat.ino && this.#stat.size === stat.size && this.#stat.mtimeNs === stat.mtimeNs;
    this.#lookedAt = clock();
    if (!unmoved) this.#sameSince = this.#lookedAt;
    const before = { count: this.count, uidNext: this.uidNext, epoch: this.#epoch };
    if (!(await this.#goesOn(stat, read))) this.#restart();
    this.#stat = stat;
    // Until the scan has ended well, nobody may believe the index.
    this.#doubtful = true;
    await this.#scan(read, Number(stat.size), signal);
    this.#probe = await this.#readProbe(read);
    this.#doubtful = false;
    return before.count !== this.count || before.uidNext !== this.uidNext || before.epoch !== this.#epoch;
  }

  async #untilFree(signal: AbortSignal): Promise<void> {
    const { file, clock } = this.#options;
    for (let waited = 0; ; waited += lockLookMs) {
      throwIfAborted(signal);
      if (!(await isLocked(file, await fs.lstat(file, { bigint: true }), clock()))) return;
      if (waited >= lockMs) throw fileLocked();
      await sleep(lockLookMs, undefined, { signal });
    }
  }

  #restart(): void {
    this.#entries = new MboxEntries();
    this.#counter = new HashCounter();
    this.#resume = 0;
    this.#epoch = 1n;
  }

  /** Whether the file is what it was, with more at its end at most. */
  async #goesOn(stat: BigIntStats, read: ReadAt): Promise<boolean> {
    const last = this.#stat;
    if (this.#doubtful || !last || last.ino !== stat.ino || last.dev !== stat.dev) return false;
    return Number(stat.size) > this.#resume && (await this.#readProbe(read)) === this.#probe;
  }

  async #readProbe(read: ReadAt): Promise<string> {
    const head = await read(0, Math.min(probeBytes, this.#resume));
    const from = Math.max(0, this.#resume - probeBytes);
    const tail = await read(from, this.#resume - from + 5);
    return createHash('sha256').update(head).update(tail).digest('base64');
  }

  async #scan(read: ReadAt, size: number, signal: AbortSignal): Promise<void> {
    const { format } = this.#options;
    this.#takeBackLast();
    this.#unfinished = false;
    let group: ScannedMessage[] = [];
    for await (const message of scanMbox({ read, from: this.#resume, to: size, format, signal })) {
      if (message.end === size) {
        if (!this.#isSettled(message)) {
          this.#unfinished = true;
          this.#resume = message.offset;
          break;
        }
      }
      this.#resume = message.offset;
      group.push(message);
      if (group.length < assignAtOnce) continue;
      await this.#add(group);
      group = [];
    }
    await this.#add(group);
  }

  /** The last message is read again: it may have been longer than it looked. */
  #takeBackLast(): void {
    const last = this.#entries.at(this.#entries.count - 1);
    if (last?.offset !== this.#resume) return;
    this.#counter.remove(last.hash);
    this.#entries.pop();
    if (this.#entries.count === 0) this.#epoch = 1n;
  }

  #isSettled(message: ScannedMessage): boolean {
    const now = this.#options.clock();
    const quiet = message.whole ? quietMs : brokenQuietMs;
    return now - this.#sameSince >= quiet || now - Number(this.#stat?.mtimeMs ?? 0n) >= quiet;
  }

  async #add(messages: readonly ScannedMessage[]): Promise<void> {
    const mail = messages.filter((message) => !(message.offset === 0 && message.header.folderData));
    if (mail.length === 0) return;
    const keyed = mail.map((message) => {
      const ordinal = this.#counter.add(hashOf(message.sha256));
      return { message, key: `${message.sha256.toString('hex')}:${ordinal}` };
    });
    const uids = await this.#options.assign(keyed.map(({ key }) => key));
    if (this.#entries.count === 0) this.#epoch = epochOf(mail[0]!);
    for (const { message, key } of keyed) {
      const uid = uids.get(key);
      if (uid === undefined) throw transient('MBOX_UNREADABLE', 'a message got no number; the file is read again');
      this.#highest = Math.max(this.#highest, uid);
      this.#entries.push({
        uid,
        offset: message.offset,
        length: message.end - message.offset,
        size: message.size,
        time: timeOf(message),
        hash: hashOf(message.sha256),
      });
    }
  }

  /** A message's bytes; undefined when the file does not hold it any more where it was. Then the next refresh reads the file again. */
  async read(entry: MboxEntry, signal: AbortSignal): Promise<ReadEntry | undefined> {
    const message = await this.#readAt(entry, entry.length, true, signal);
    if (message?.raw && hashOf(message.sha256) === entry.hash) return { raw: message.raw, flags: message.header.flags };
    this.#doubtful = true;
    return undefined;
  }

  /** The header of a message that is too large to read. */
  async readHeader(entry: MboxEntry, signal: AbortSignal): Promise<Buffer | undefined> {
    const message = await this.#readAt(entry, Math.min(entry.length, headerBytes), false, signal);
    return message?.header.bytes;
  }

  async #readAt(entry: MboxEntry, length: number, collect: boolean, signal: AbortSignal) {
    const { file, format } = this.#options;
    await using handle = await openRegular(file);
    const read = reader(handle);
    const to = entry.offset + length;
    for await (const message of scanMbox({ read, from: entry.offset, to, format, collect, signal })) return message;
    return undefined;
  }
}

/** Of the From_ line, else that of the header; else none is known, and the oldest there is stands for it. */
function timeOf({ time, header }: ScannedMessage): number {
  if (time) return time.getTime();
  const date = /^date:(.*)$/im.exec(header.bytes.toString('latin1', 0, 65_536))?.[1];
  const parsed = date === undefined ? Number.NaN : Date.parse(date.trim());
  return Number.isNaN(parsed) ? 0 : parsed;
}

/** 47 bits of the first message's hash, never one of the few numbers that mean something else. */
const epochOf = (first: ScannedMessage): bigint => (hashOf(first.sha256) >> 17n) | 2n;
