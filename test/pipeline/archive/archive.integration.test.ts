import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { command as trace } from '../../../src/commands/trace.ts';
import { commandOutput } from '../../support/archive.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { type S3Server, startS3 } from '../../support/s3-server.ts';
import { message, rowCount, sql } from '../../support/worker.ts';
import { archiveBucket, archiveWorld } from './world.ts';

let postgres: Postgres;
let s3: S3Server;

beforeAll(async () => {
  [postgres, s3] = await Promise.all([startPostgres(), startS3()]);
}, 300_000);
afterAll(async () => {
  await postgres?.stop();
  await s3?.stop();
});

const done = async (run: Promise<{ readonly code: number | string; readonly output: string }>) => {
  const { code, output } = await run;
  expect(code, output).toBe(0);
};

const places = {
  'a volume': async () => undefined,
  'the store': async () => ({ postgres: {} }),
  'a bucket': () => archiveBucket(s3),
};

describe('an archive', () => {
  test.for(Object.entries(places))(
    'in %s holds each message once, and pipelines read it without the mailbox',
    async ([, place], { onTestFinished }) => {
      const it = await archiveWorld(postgres, onTestFinished, await place());
      for (let n = 0; n < 30; n++) it.deliver(n);
      it.deliver('twin', message(0)); // the same bytes, another message
      await done(it.archiver.once('archive'));
      expect(await it.segments()).toEqual([{ state: 'Sealed', frames: 30 }]);
      const pipeline = it.pipeline('emails');
      fs.rmSync(path.join(pipeline.dir, 'maildir'), { recursive: true });
      await done(pipeline.once('first'));
      expect(await rowCount(it.store)).toEqual({ rows: 31, distinct: 30 });
      const origins = await sql(it.store, 'SELECT DISTINCT account, folder, _mailmill_source FROM emails');
      expect(origins).toEqual([{ account: 'maildir', folder: 'INBOX', _mailmill_source: 'inbox' }]);
      it.deliver('late');
      await done(it.archiver.once('again'));
      await done(pipeline.once('second'));
      expect(await rowCount(it.store)).toEqual({ rows: 32, distinct: 31 });
      expect((await it.archiver.reconcile()).agrees).toBe(true);
      expect((await pipeline.reconcile()).agrees).toBe(true);
    },
  );

  test('takes the place of the mailbox under a pipeline: nothing is doubled, nothing is left out', async ({
    onTestFinished,
  }) => {
    const it = await archiveWorld(postgres, onTestFinished);
    for (let n = 0; n < 10; n++) it.deliver(n);
    await done(it.pipeline('emails', { direct: true }).once('direct'));
    it.deliver('between');
    await done(it.archiver.once('archive'));
    const archived = it.pipeline('emails');
    await done(archived.once('archived'));
    expect(await rowCount(it.store)).toEqual({ rows: 11, distinct: 11 });
    it.deliver('later');
    await done(it.archiver.once('more'));
    await done(archived.once('more'));
    expect(await rowCount(it.store)).toEqual({ rows: 12, distinct: 12 });
    const revision = path.join(archived.dir, 'revision.json');
    const env = { MAILMILL_SECRETS: path.join(archived.dir, 'secrets') };
    const traced = await commandOutput(trace, ['--message-id', 'm-later@example.org', '--revision', revision], env);
    expect(traced.out).toContain('was delivered');
    // And back.
    it.deliver('last');
    await done(it.pipeline('emails', { direct: true }).once('back'));
    expect(await rowCount(it.store)).toEqual({ rows: 13, distinct: 13 });
  });
});
