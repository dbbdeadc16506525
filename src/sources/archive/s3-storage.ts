import type { Bucket, PagePosition } from '../s3/bucket.ts';
import type { SegmentStorage } from './storage.ts';

/** Segments as objects of a bucket. */
export class S3Storage implements SegmentStorage {
  readonly #bucket: Bucket;
  readonly #prefix: string;

  constructor(bucket: Bucket, prefix: string) {
    this.#bucket = bucket;
    this.#prefix = prefix;
  }

  write(name: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
    return this.#bucket.put(this.#prefix + name, bytes, signal);
  }

  read(name: string, position: number, length: number, signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#bucket.read(this.#prefix + name, { position, length }, signal);
  }

  readAll(name: string, signal: AbortSignal): Promise<Buffer | undefined> {
    return this.#bucket.read(this.#prefix + name, undefined, signal);
  }

  remove(name: string, signal: AbortSignal): Promise<void> {
    return this.#bucket.remove(this.#prefix + name, signal);
  }

  async *list(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    let after: PagePosition | undefined;
    do {
      const page = await this.#bucket.list(after, 1_000, signal);
      for (const { key } of page.objects) yield key.slice(this.#prefix.length);
      after = page.next;
    } while (after);
  }
}
