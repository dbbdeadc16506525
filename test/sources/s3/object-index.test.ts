import { describe, expect, it } from 'vitest';
import type { PagePosition, S3Object } from '../../../src/sources/s3/bucket.ts';
import { ObjectIndex, objectId, objectOfId } from '../../../src/sources/s3/object-index.ts';
import { dependencies, failure, never } from '../support.ts';

const object = (key: string, more: Partial<S3Object> = {}): S3Object => ({
  key,
  size: 10,
  modifiedAt: new Date(1_000),
  etag: `e-${key}`,
  ...more,
});

/** A bucket in memory whose pages hold two keys. */
class FakeBucket {
  readonly objects = new Map<string, S3Object>();
  requests = 0;
  /** Called before each page. */
  onList: (after: PagePosition | undefined) => void = () => undefined;

  put(...keys: string[]): void {
    for (const key of keys) this.objects.set(key, object(key));
  }

  async list(after: PagePosition | undefined) {
    this.requests += 1;
    this.onList(after);
    const keys = [...this.objects.keys()].sort().filter((key) => after === undefined || key > after.key);
    const page = keys.slice(0, 2).map((key) => this.objects.get(key)!);
    return { objects: page, next: keys.length > 2 ? { key: page.at(-1)!.key } : undefined };
  }

  listVersions = this.list;

  async head({ key, etag }: { readonly key: string; readonly etag: string }) {
    const found = this.objects.get(key);
    return found?.etag === etag ? found : undefined;
  }
}

function make(bucket: FakeBucket, requestsPerPoll = 50, { uids } = dependencies()) {
  return new ObjectIndex({
    bucket,
    prefix: '',
    selection: { include: ['**'], exclude: [] },
    allVersions: false,
    requestsPerPoll,
    uids: {
      assign: (ids) => uids.assign('s', 'a', 'f', ids),
      last: () => uids.last('s', 'a', 'f'),
      ids: (from, to) => uids.keys('s', 'a', 'f', from, to),
    },
  });
}

const keysOf = (index: ObjectIndex) => index.uids.map((uid) => index.get(uid)!.object.key);

describe('the index of a bucket', () => {
  it('spends the requests it may on each poll, and comes around', async () => {
    const bucket = new FakeBucket();
    bucket.put(...Array.from({ length: 20 }, (_, i) => `k${String(i).padStart(2, '0')}`));
    const index = make(bucket, 4);
    await index.refresh(never);
    expect(bucket.requests).toBe(10);
    expect(index.uids).toHaveLength(20);
    bucket.put('k00a', 'k18a', 'z');
    bucket.objects.delete('k05');
    const rounds: number[] = [];
    for (let poll = 0; poll < 4; poll++) {
      bucket.requests = 0;
      await index.refresh(never);
      expect(bucket.requests).toBeLessThanOrEqual(4);
      rounds.push(index.uids.length);
    }
    // Behind the last key at once; the others when the sweep comes by; what it did not meet is gone at its end.
    expect(keysOf(index).slice(-3)).toEqual(['k00a', 'z', 'k18a']);
    expect(rounds[0]).toBe(22);
    expect(rounds.at(-1)).toBe(22);
    expect(keysOf(index)).not.toContain('k05');
  });

  it('needs one look where one poll sees everything', async () => {
    const bucket = new FakeBucket();
    bucket.put('b', 'd');
    const index = make(bucket);
    await index.refresh(never);
    bucket.put('a');
    bucket.requests = 0;
    await index.refresh(never);
    expect(bucket.requests).toBe(2);
    expect(keysOf(index)).toEqual(['b', 'd', 'a']);
  });

  it('forgets nothing when a listing breaks off', async () => {
    const bucket = new FakeBucket();
    bucket.put('a', 'b', 'c', 'd', 'e');
    const index = make(bucket);
    let fail = true;
    bucket.onList = (after) => {
      if (after?.key !== 'b' || !fail) return;
      fail = false;
      throw new Error('SlowDown');
    };
    expect(await failure(index.refresh(never))).toMatchObject({ message: 'SlowDown' });
    expect(index.uids).toEqual([]);
    await index.refresh(never);
    expect(keysOf(index)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('passes no object that another reader has numbered while it looked', async () => {
    const bucket = new FakeBucket();
    const shared = dependencies();
    bucket.put('b', 'c', 'd');
    const index = make(bucket, 50, shared);
    bucket.onList = (after) => {
      if (after?.key !== 'c') return;
      bucket.put('a'); // behind our back, where we have looked already
      void shared.uids.assign('s', 'a', 'f', [objectId(object('a'))]);
    };
    await index.refresh(never);
    expect(keysOf(index)).toEqual(['a', 'b', 'c', 'd']);
    expect(index.uids).toEqual([1, 2, 3, 4]);
  });

  it('leaves out folders and what is in cold storage', async () => {
    const bucket = new FakeBucket();
    bucket.objects.set('dir/', object('dir/', { size: 0 }));
    bucket.objects.set('cold', object('cold', { storageClass: 'DEEP_ARCHIVE' }));
    bucket.put('mail');
    const index = make(bucket);
    await index.refresh(never);
    expect(keysOf(index)).toEqual(['mail']);
  });

  it('knows objects by key and version, else by key and ETag', () => {
    for (const each of [
      { key: 'a\nb', etag: 'x' },
      { key: 'a', etag: '', version: 'v1' },
      { key: 'a', etag: 'x', version: 'null' },
    ])
      expect(objectOfId(objectId(each))).toEqual(each);
    const [latest, all] = [objectId({ key: 'a', etag: 'x' }), objectId({ key: 'a', etag: 'x', version: 'null' })];
    expect(latest).not.toBe(all);
  });
});
