import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type S3Server, s3Login, startS3 } from '../../support/s3-server.ts';
import { message, podFiles, rowCount, rowsReach, sql } from '../../support/worker.ts';

let postgres: Postgres;
let server: S3Server;

beforeAll(async () => {
  [postgres, server] = await Promise.all([startPostgres(), startS3()]);
}, 300_000);
afterAll(async () => {
  await postgres?.stop();
  await server?.stop();
});

test('a pipeline streams objects as they come, over restarts; what is no mail is a dead letter', async ({
  onTestFinished,
}) => {
  const bucket = await server.createBucket();
  const store = await postgres.createDatabase();
  const pod = podFiles({
    source: {
      s3: {
        bucket,
        prefix: 'in/',
        endpoint: server.endpoint,
        forcePathStyle: true,
        auth: { secretRef: { name: 'bucket' } },
        pollInterval: '200ms',
        limits: { messageSize: '1Mi' },
      },
    },
    pipeline: {
      source: { name: 'ses' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { 'mailmill-store': { uri: store }, sink: { uri: store }, bucket: { ...s3Login } },
  });
  onTestFinished(() => pod.remove());
  for (const key of ['m', 'a', 'z']) await server.put(bucket, `in/${key}`, message(key));
  expect((await pod.once('first')).code).toBe(0);
  expect(await rowCount(store)).toEqual({ rows: 3, distinct: 3 });
  const worker = await pod.start();
  onTestFinished(async () => {
    worker.kill('SIGKILL');
    await worker.exited;
  });
  await server.put(bucket, 'in/b', message('b'));
  await rowsReach(store, 4);
  await server.put(bucket, 'in/photo', Buffer.from([0x89, 0x50, 0x4e, 0x47]));
  await server.put(bucket, 'in/large', message('large', 'x'.repeat(2 ** 20)));
  await server.down();
  await server.start();
  await server.put(bucket, 'in/0', message('0'));
  await rowsReach(store, 5);
  const dead = await sql<{ code: string }>(store, 'SELECT code FROM mailmill.dead_letter ORDER BY code');
  expect(dead.map(({ code }) => code)).toEqual(['MESSAGE_NOT_MAIL', 'MESSAGE_TOO_LARGE']);
  expect(await rowCount(store)).toEqual({ rows: 5, distinct: 5 });
  expect((await pod.reconcile()).agrees).toBe(true);
});
