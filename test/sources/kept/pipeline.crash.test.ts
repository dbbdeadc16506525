import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { collectorPod } from '../../support/collector-process.ts';
import { freePorts } from '../../support/free-port.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { send } from '../../support/smtp-client.ts';
import { message, podFiles, rowCount, sql } from '../../support/worker.ts';

let postgres: Postgres;
const clean: (() => Promise<void> | void)[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of clean.splice(0).reverse()) await each();
});
afterAll(async () => {
  await postgres?.stop();
});

test('mail that was pushed while no worker ran is read once by each pipeline, however often its worker is killed', async () => {
  const [port] = await freePorts(1);
  const [store, sink] = [await postgres.createDatabase(), await postgres.createDatabase()];
  const source = { smtp: { port: port!, recipients: ['*@desk.example.org'] } };
  const collectors = await collectorPod(source, { 'mailmill-store/uri': store });
  clean.push(collectors.remove);
  const collector = await collectors.start();
  const count = 30;
  const push = (n: number) => send(port!, message(n), ['a@desk.example.org']);
  for (let n = 0; n < count; n++) await push(n);

  const pod = (name: string, table: string) => {
    const sinks = [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table } }];
    const secrets = { 'mailmill-store': { uri: store }, sink: { uri: sink } };
    const files = podFiles({ source, pipeline: { name, source: { name: 'desk' }, sinks }, secrets });
    clean.push(files.remove);
    return files;
  };
  const expireDead = () => sql(store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
  const first = pod('mail', 'emails');
  for (const failpoint of ['after-resolve', 'after-sink-commit', 'before-store-commit', 'after-store-commit']) {
    const { code } = await first.once(`run-${failpoint}`, { MAILMILL_FAILPOINT: failpoint });
    expect(code).toBe('SIGKILL');
    await expireDead();
    await push(count + 1); // comes in whatever becomes of the worker, and is the same one each time
  }
  expect((await first.once('last')).code).toBe(0);
  expect(await rowCount(sink)).toEqual({ rows: count + 1, distinct: count + 1 });
  expect(await first.reconcile()).toMatchObject({
    agrees: true,
    folders: [{ source: 'desk', folder: 'INBOX', listed: count + 1, recorded: count + 1, missing: 0 }],
  });

  // The listener is gone; what it has taken in is there for a pipeline that comes later, under the same ids.
  collector.kill('SIGTERM');
  expect(await collector.exited).toBe(0);
  expect((await pod('later', 'later').once('first')).code).toBe(0);
  const shared = 'SELECT count(*)::int AS n FROM later JOIN emails USING (_mailmill_id)';
  expect(await sql(sink, shared)).toEqual([{ n: count + 1 }]);
});
