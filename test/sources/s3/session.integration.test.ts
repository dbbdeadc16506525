import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { S3Spec } from '../../../src/api/kinds/s3.ts';
import { createSource, type SourceDependencies } from '../../../src/sources/registry.ts';
import type { SourceSession } from '../../../src/sources/source.ts';
import { type S3Server, s3Login, startS3 } from '../../support/s3-server.ts';
import { collect, dependencies, failure, never, openSession } from '../support.ts';

let server: S3Server;
let bucket: string;
let shared: SourceDependencies;
const secrets = { 'keys/accessKeyId': s3Login.accessKeyId, 'keys/secretAccessKey': `${s3Login.secretAccessKey}\n` };

beforeAll(async () => {
  server = await startS3();
}, 300_000);
afterAll(() => server?.stop());
beforeEach(async () => {
  bucket = await server.createBucket();
  shared = dependencies(secrets);
});

const spec = (more: Partial<S3Spec> = {}): S3Spec => ({
  bucket,
  prefix: 'in/',
  endpoint: server.endpoint,
  forcePathStyle: true,
  auth: { secretRef: { name: 'keys' } },
  pollInterval: '1ms',
  ...more,
});
const open = (more: Partial<S3Spec> = {}) => createSource({ name: 'ses', s3: spec(more) }, shared);
const mail = (name: string) => `Subject: ${name}\r\n\r\nbody of ${name}\r\n`;

async function selected(more: Partial<S3Spec> = {}, folder = 'in/'): Promise<SourceSession> {
  const session = await openSession(await open(more));
  await session.select(folder, never);
  return session;
}

/** UID and subject of everything there is. */
async function contents(session: SourceSession, from = 1): Promise<string[]> {
  await session.select('in/', never); // looks at the bucket
  const messages = await collect(session.fetch(await session.search(from, undefined, never), never));
  return messages.map(({ uid, raw }) => `${uid} ${/Subject: (.*?)\r?\n/.exec(raw.toString())?.[1]}`);
}

describe('objects under a prefix', () => {
  it('are messages of one folder, in the order of arrival', async () => {
    await server.put(bucket, 'in/z', mail('first'));
    await new Promise((resolve) => setTimeout(resolve, 1_100)); // S3 counts seconds
    await server.put(bucket, 'in/a/b.eml', mail('second'));
    await server.put(bucket, 'other/c', mail('not below the prefix'));
    await server.put(bucket, 'in/folder/', '');
    const source = await open();
    expect(await source.accounts(never)).toEqual([bucket]);
    const session = await openSession(source);
    expect(await session.folders(never)).toEqual([{ name: 'in/' }]);
    expect(await contents(session)).toEqual(['1 first', '2 second']);
    const [listed] = await session.list([1], never);
    expect(listed).toMatchObject({ uid: 1, size: mail('first').length });
    expect(Math.abs(listed!.receivedAt.getTime() - Date.now())).toBeLessThan(60_000);
    expect((await session.fetchHeader(1, never))?.toString()).toBe('Subject: first\r\n\r\n');
  });

  it('keep their numbers over a restart, and new ones come behind, whatever their keys are', async () => {
    for (const key of ['m', 'x', 'c']) await server.put(bucket, `in/${key}`, mail(key));
    const before = await contents(await selected());
    await server.put(bucket, 'in/b', mail('b'));
    const session = await selected();
    expect((await contents(session)).slice(0, 3)).toEqual(before);
    await server.put(bucket, 'in/a', mail('a'));
    await server.put(bucket, 'in/zz', mail('zz'));
    expect((await contents(session, 4)).map((line) => line.slice(2)).sort()).toEqual(['a', 'b', 'zz']);
  });

  it('patterns select by the key after the prefix', async () => {
    for (const key of ['a.eml', 'b.json', 'deep/c.eml', 'old/d.eml']) await server.put(bucket, `in/${key}`, mail(key));
    const session = await selected({ keys: { include: ['**.eml'], exclude: ['old/**'] } });
    expect((await contents(session)).map((line) => line.slice(2)).sort()).toEqual(['a.eml', 'deep/c.eml']);
  });

  it('that are overwritten are other messages; what they were is gone', async () => {
    await server.put(bucket, 'in/latest', mail('one'));
    const session = await selected();
    const uids = await session.search(1, undefined, never);
    await server.put(bucket, 'in/latest', mail('two'));
    expect(await collect(session.fetch(uids, never))).toEqual([]);
    expect(await session.search(1, 1, never)).toEqual([]);
    expect(await contents(session)).toEqual(['2 two']);
  });

  it('that go between listing and reading are left out', async () => {
    await server.put(bucket, 'in/a', mail('a'));
    await server.put(bucket, 'in/b', mail('b'));
    const session = await selected();
    const uids = await session.search(1, undefined, never);
    await server.remove(bucket, 'in/a');
    expect((await collect(session.fetch(uids, never))).map(({ raw }) => raw.toString())).toEqual([mail('b')]);
    expect(await session.search(1, undefined, never)).toHaveLength(1);
  });

  it('that are no mail are told to be none', async () => {
    await server.put(bucket, 'in/photo', Buffer.from([0x89, 0x50, 0x4e, 0x47]));
    await server.put(bucket, 'in/empty', '');
    const session = await selected();
    const found = await collect(session.fetch(await session.search(1, undefined, never), never));
    expect(found.map(({ refused }) => refused?.code)).toEqual(['MESSAGE_NOT_MAIL', 'MESSAGE_NOT_MAIL']);
  });

  it('are searched for a Message-ID', async () => {
    await server.put(bucket, 'in/a', `Message-ID: <one@x>\r\n${mail('a')}`);
    await server.put(bucket, 'in/b', `${mail('b')}Message-ID: <one@x>\r\n`);
    const { messages } = await (await selected()).find('one@x', never);
    expect(messages).toMatchObject([{ folder: 'in/', selected: true, epoch: 1n }]);
  });
});

describe('a bucket with versions', () => {
  it('gives what its objects hold now, or everything they ever held', async () => {
    bucket = await server.createBucket({ versioned: true });
    await server.put(bucket, 'in/a', mail('one'));
    await server.put(bucket, 'in/a', mail('two'));
    await server.put(bucket, 'in/b', mail('three'));
    await server.remove(bucket, 'in/b');
    expect(await contents(await selected())).toEqual(['1 two']);
    const all = await selected({ versions: 'All' });
    expect((await all.select('in/', never)).epoch).toBe(2n);
    expect((await contents(all)).map((line) => line.slice(2)).sort()).toEqual(['one', 'three', 'two']);
    await server.put(bucket, 'in/a', mail('four'));
    expect((await contents(all, 5)).map((line) => line.slice(2))).toEqual(['four']);
  });
});

describe('two readers', () => {
  it('agree on numbers, and neither passes one that it has not seen', async () => {
    await server.put(bucket, 'in/m', mail('m'));
    const [one, other] = [await selected(), await selected({ limits: { listRequestsPerPoll: 2 } })];
    await server.put(bucket, 'in/a', mail('a'));
    expect(await contents(one)).toEqual(['1 m', '2 a']);
    await server.put(bucket, 'in/z', mail('z'));
    expect(await contents(one)).toEqual(['1 m', '2 a', '3 z']);
    expect(await contents(other)).toEqual(['1 m', '2 a', '3 z']);
  });
});

describe('waiting', () => {
  it('ends when an object comes', async () => {
    const session = await selected({ pollInterval: '50ms' });
    await session.search(1, undefined, never);
    expect(await session.wait(120, never)).toBe('timeout');
    const waiting = session.wait(20_000, never);
    await server.put(bucket, 'in/a', mail('a'));
    expect(await waiting).toBe('changed');
    expect(await contents(session)).toEqual(['1 a']);
  });
});

describe('without a Secret', () => {
  it('the credentials of the process are used', async () => {
    await server.put(bucket, 'in/a', mail('a'));
    const { auth: _, ...ambient } = spec();
    vi.stubEnv('AWS_ACCESS_KEY_ID', s3Login.accessKeyId);
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', s3Login.secretAccessKey);
    onTestFinished(() => void vi.unstubAllEnvs());
    const session = await openSession(await createSource({ name: 'ses', s3: ambient }, dependencies()));
    await session.select('in/', never);
    expect(await contents(session)).toEqual(['1 a']);
  });
});

describe('a bucket that cannot be read', () => {
  const opened = async (more: Partial<S3Spec>) => failure(openSession(await open(more)));

  it('says what to do', async () => {
    expect(await opened({ bucket: 'nowhere-at-all' })).toMatchObject({ family: 'Stalled', code: 'S3_BUCKET_MISSING' });
    shared = dependencies({ ...secrets, 'keys/secretAccessKey': 'wrong' });
    expect(await opened({})).toMatchObject({ family: 'Stalled', code: 'S3_AUTH_REJECTED' });
    shared = dependencies({ ...secrets, 'keys/accessKeyId': 'nobody' });
    expect(await opened({})).toMatchObject({ family: 'Stalled', code: 'S3_AUTH_REJECTED' });
    expect(await opened({ endpoint: 'http://127.0.0.1:9' })).toMatchObject({
      family: 'Transient',
      code: 'S3_UNREACHABLE',
    });
  });

  it('says so while it is away, and goes on when it is back', async () => {
    await server.put(bucket, 'in/a', mail('a'));
    const session = await selected();
    await server.down();
    expect(await failure(session.select('in/', never))).toMatchObject({ family: 'Transient' });
    await server.start();
    await server.put(bucket, 'in/b', mail('b'));
    expect((await contents(session)).map((line) => line.slice(2)).sort()).toEqual(['a', 'b']);
  });
});
