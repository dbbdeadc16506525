import type { Readable } from 'node:stream';
import { abortable } from '../abort.ts';
import { isGone, s3Error } from './errors.ts';

/** An object, or a version of one, as a listing tells of it. */
export interface S3Object {
  readonly key: string;
  readonly size: number;
  readonly modifiedAt: Date;
  /** Changes with the content; without its quotes. */
  readonly etag: string;
  /** Only where versions are listed. */
  readonly version?: string;
  readonly storageClass?: string;
}

export interface ListedPage {
  /** By key, as S3 orders them. */
  readonly objects: readonly S3Object[];
  /** Where the next page begins; undefined: there is none. */
  readonly next: PagePosition | undefined;
}

/** Where a listing goes on: behind a key (and one of its versions). */
export interface PagePosition {
  readonly key: string;
  readonly version?: string;
}

export interface BucketOptions {
  readonly bucket: string;
  readonly prefix: string;
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly forcePathStyle: boolean;
  /** Reads the credentials at each connection; undefined: those that the SDK finds. */
  readonly credentials?:
    | (() => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string }>)
    | undefined;
  /** How errors name the field; default `s3`. */
  readonly what?: string;
}

const requestMs = 60_000;
const connectMs = 10_000;

/** What is done with a bucket; every method throws `MailmillError`s with `S3_` codes. */
export class Bucket {
  readonly #options: BucketOptions;
  readonly #sdk: typeof import('@aws-sdk/client-s3');
  readonly #client: import('@aws-sdk/client-s3').S3Client;

  private constructor(options: BucketOptions, sdk: typeof import('@aws-sdk/client-s3')) {
    this.#options = options;
    this.#sdk = sdk;
    const { region, endpoint, forcePathStyle, credentials } = options;
    this.#client = new sdk.S3Client({
      region,
      forcePathStyle,
      ...(endpoint === undefined ? { followRegionRedirects: true } : { endpoint }),
      ...(credentials && { credentials }),
      maxAttempts: 3,
      requestHandler: { connectionTimeout: connectMs, requestTimeout: requestMs, throwOnRequestTimeout: true },
      // Others than AWS do not know the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    });
  }

  /** Loads the SDK, which takes a while, when it is needed. */
  static async open(options: BucketOptions): Promise<Bucket> {
    return new Bucket(options, await import('@aws-sdk/client-s3'));
  }

  #do<T>(signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    return abortable(signal, action, (error) => s3Error(error, this.#options.what));
  }

  /** Up to `count` objects behind `after`, what they hold now. */
  list(after: PagePosition | undefined, count: number, signal: AbortSignal): Promise<ListedPage> {
    return this.#do(signal, async () => {
      const { bucket, prefix } = this.#options;
      const page = await this.#client.send(
        new this.#sdk.ListObjectsV2Command({
          Bucket: bucket,
          Prefix: prefix,
          MaxKeys: count,
          ...(after && { StartAfter: after.key }),
        }),
        { abortSignal: signal },
      );
      const objects = (page.Contents ?? []).flatMap((each) => objectOf(each) ?? []);
      const last = page.Contents?.at(-1)?.Key;
      return { objects, next: page.IsTruncated && last !== undefined ? { key: last } : undefined };
    });
  }

  /** Up to `count` versions behind `after`. */
  listVersions(after: PagePosition | undefined, count: number, signal: AbortSignal): Promise<ListedPage> {
    return this.#do(signal, async () => {
      const { bucket, prefix } = this.#options;
      const page = await this.#client.send(
        new this.#sdk.ListObjectVersionsCommand({
          Bucket: bucket,
          Prefix: prefix,
          MaxKeys: count,
          ...(after && {
            KeyMarker: after.key,
            ...(after.version !== undefined && { VersionIdMarker: after.version }),
          }),
        }),
        { abortSignal: signal },
      );
      const objects = (page.Versions ?? []).flatMap((each) => {
        const object = objectOf(each);
        return object && each.VersionId !== undefined ? [{ ...object, version: each.VersionId }] : [];
      });
      const key = page.NextKeyMarker;
      const version = page.NextVersionIdMarker;
      const next =
        page.IsTruncated && key !== undefined ? { key, ...(version !== undefined && { version }) } : undefined;
      return { objects, next };
    });
  }

  /** What the object holds, or its first `limit` bytes; undefined when it is gone or holds something else by now. */
  get(
    object: Pick<S3Object, 'key' | 'etag' | 'version'>,
    limit: number | undefined,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const what = {
      Key: object.key,
      ...(object.version !== undefined && { VersionId: object.version }),
      // Without versioning there is one version, `null`, which another upload replaces.
      ...((object.version ?? 'null') === 'null' && { IfMatch: `"${object.etag}"` }),
      ...(limit !== undefined && { Range: `bytes=0-${limit - 1}` }),
    };
    return this.#fetch(what, signal);
  }

  /** Whether an object, or this version of it, is as it was listed; undefined when it is not. */
  head(object: Pick<S3Object, 'key' | 'etag' | 'version'>, signal: AbortSignal): Promise<S3Object | undefined> {
    return this.#do(signal, async () => {
      try {
        const { key, etag, version } = object;
        const found = await this.#client.send(
          new this.#sdk.HeadObjectCommand({
            Bucket: this.#options.bucket,
            Key: key,
            ...(version !== undefined && { VersionId: version }),
          }),
          { abortSignal: signal },
        );
        const now = objectOf({ ...found, Key: key, Size: found.ContentLength });
        if (!now || ((version ?? 'null') === 'null' && now.etag !== etag)) return undefined;
        return { ...now, ...(version !== undefined && { version }) };
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
    });
  }

  /** Writes an object; returns once S3 has it. */
  put(key: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
    return this.#do(signal, async () => {
      const { PutObjectCommand } = this.#sdk;
      await this.#client.send(new PutObjectCommand({ Bucket: this.#options.bucket, Key: key, Body: bytes }), {
        abortSignal: signal,
      });
    });
  }

  /** An object, or a part of it; undefined when it is not there. */
  read(
    key: string,
    part: { readonly position: number; readonly length: number } | undefined,
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    const range = part && { Range: `bytes=${part.position}-${part.position + part.length - 1}` };
    return this.#fetch({ Key: key, ...range }, signal);
  }

  /** One that is not there is no error. */
  remove(key: string, signal: AbortSignal): Promise<void> {
    return this.#do(signal, async () => {
      const { DeleteObjectCommand } = this.#sdk;
      await this.#client.send(new DeleteObjectCommand({ Bucket: this.#options.bucket, Key: key }), {
        abortSignal: signal,
      });
    });
  }

  #fetch(
    what: { readonly Key: string; readonly Range?: string; readonly VersionId?: string; readonly IfMatch?: string },
    signal: AbortSignal,
  ): Promise<Buffer | undefined> {
    return this.#do(signal, async () => {
      try {
        const answer = await this.#client.send(
          new this.#sdk.GetObjectCommand({ Bucket: this.#options.bucket, ...what }),
          { abortSignal: signal },
        );
        const chunks: Buffer[] = [];
        // In Node the body is a stream of Node's.
        for await (const chunk of answer.Body as Readable) chunks.push(Buffer.from(chunk as Uint8Array));
        return Buffer.concat(chunks);
      } catch (error) {
        if (isGone(error)) return undefined;
        throw error;
      }
    });
  }

  close(): void {
    this.#client.destroy();
  }
}

interface RawObject {
  readonly Key?: string | undefined;
  readonly Size?: number | undefined;
  readonly LastModified?: Date | undefined;
  readonly ETag?: string | undefined;
  readonly StorageClass?: string | undefined;
}

/** Without what makes an object one, it is left out. */
function objectOf({ Key, Size, LastModified, ETag, StorageClass }: RawObject): S3Object | undefined {
  if (Key === undefined || Size === undefined || LastModified === undefined || ETag === undefined) return undefined;
  const storageClass = StorageClass === undefined ? {} : { storageClass: StorageClass };
  return { key: Key, size: Size, modifiedAt: LastModified, etag: ETag.replaceAll('"', ''), ...storageClass };
}
