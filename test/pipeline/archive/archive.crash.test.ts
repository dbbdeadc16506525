import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failpoints } from '../../../src/telemetry/failpoint.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { rowCount, rowsReach, sql } from '../../support/worker.ts';
import { type ArchiveWorld, archiveBucket, archiveWorld } from './world.ts';

let postgres: Postgres;
let s3: S3Server;

beforeAll(async () => {
  [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
}, 300_000);
afterAll(async () => {
  await postgres?.stop();
  await s3?.stop();
});

const expireDead = async (it: ArchiveWorld) => {
  const found = await sql<{ found: boolean }>(it.store, `SELECT to_regclass('mailmill.worker') IS NOT NULL AS found`);
  if (found[0]?.found) await sql(it.store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
};

/** Each message is in the archive once, and a pipeline gets each of them. */
async function expectExact(it: ArchiveWorld, count: number): Promise<void> {
  const segments = await it.segments();
  expect(segments.filter(({ state }) => state === 'Sealed').reduce((sum, { frames }) => sum + frames, 0)).toBe(count);
  const kept = await sql(it.store, 'SELECT uid FROM mailmill.kept_message WHERE frame_id IS NOT NULL');
  expect(kept).toHaveLength(count);
  expect((await it.archiver.reconcile()).agrees).toBe(true);
  const pipeline = it.pipeline('emails');
  const read = await pipeline.once('read');
  expect(read.code, read.output).toBe(0);
  expect(await rowCount(it.store)).toEqual({ rows: count, distinct: count });
}

/** Lets segments that nobody told of be old enough to be swept. */
const age = (it: ArchiveWorld) =>
  sql(it.store, `UPDATE mailmill.archive_segment SET created_at = now() - interval '1 hour' WHERE state = 'Writing'`);

describe('SIGKILL of a collector', () => {
  const between = ['after-resolve', 'in-store-transaction', 'before-store-commit', 'after-store-commit'];
  const relevant = failpoints.filter((name) => name.endsWith('kept-segment') || between.includes(name));

  test.for(relevant)('at %s loses and doubles nothing, and leaves nothing behind', async (name, { onTestFinished }) => {
    const it = await archiveWorld(postgres, onTestFinished);
    for (let n = 0; n < 120; n++) it.deliver(n);
    const killed = await it.archiver.once('first', { MAILMILL_FAILPOINT: name });
    expect(killed.code, killed.output).toBe('SIGKILL');
    await expireDead(it);
    await age(it);
    const second = await it.archiver.once('first');
    expect(second.code, second.output).toBe(0);
    await expectExact(it, 120);
    const segments = await it.segments();
    expect(segments.every(({ state }) => state === 'Sealed')).toBe(true);
    expect(it.files()).toHaveLength(segments.length);
  });
});

test('a segment that was half written is swept', async ({ onTestFinished }) => {
  const it = await archiveWorld(postgres, onTestFinished);
  it.deliver('a');
  expect((await it.archiver.once('first', { MAILMILL_FAILPOINT: 'after-kept-segment' })).code).toBe('SIGKILL');
  const [name] = it.files();
  const file = path.join(it.volume, fs.globSync(`**/${name}`, { cwd: it.volume })[0]!);
  fs.writeFileSync(`${file}.part`, fs.readFileSync(file).subarray(0, 20));
  fs.rmSync(file);
  await expireDead(it);
  await age(it);
  expect((await it.archiver.once('second')).code).toBe(0);
  expect(it.files()).toHaveLength(1);
  await expectExact(it, 1);
});

test('a bucket that is away, and back: the collector waits, and nothing is lost or doubled', async ({
  onTestFinished,
}) => {
  const it = await archiveWorld(postgres, onTestFinished, await archiveBucket(s3));
  for (let n = 0; n < 5; n++) it.deliver(n);
  const collector = await it.archiver.start();
  onTestFinished(async () => {
    collector.kill('SIGKILL');
    await collector.exited;
  });
  const pipeline = await it.pipeline('emails').start();
  onTestFinished(async () => {
    pipeline.kill('SIGKILL');
    await pipeline.exited;
  });
  await rowsReach(it.store, 5);
  await s3.down();
  for (let n = 5; n < 10; n++) it.deliver(n);
  await expect
    .poll(async () => JSON.stringify(await collector.output()), { timeout: 60_000 })
    .toContain('S3_UNREACHABLE');
  expect(await rowCount(it.store)).toEqual({ rows: 5, distinct: 5 });
  await s3.start();
  await rowsReach(it.store, 10, 120_000);
  expect(await rowCount(it.store)).toEqual({ rows: 10, distinct: 10 });
});
