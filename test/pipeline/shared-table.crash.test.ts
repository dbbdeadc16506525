import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect, test } from 'vitest';
import { sessionName } from '../../src/store/dead-sessions.ts';
import { leaseTermMs } from '../../src/store/leases.ts';
import { mailToStore } from '../support/mail-to-store.ts';
import { rowsReach, sql } from '../support/worker.ts';
import { expectExact, makeWorld } from './crash-world.ts';

const servers = mailToStore();

test("another pipeline's worker that was stopped while it wrote to the same table does not hold this one up", async ({
  onTestFinished,
}) => {
  const it = await makeWorld(servers, onTestFinished, 5, false);
  await it.start();
  await rowsReach(it.sink, 5);
  const stopped = randomUUID();
  const client = new pg.Client({ connectionString: it.sink, application_name: sessionName(stopped) });
  client.on('error', () => undefined);
  const ended = new Promise<boolean>((resolve) => client.once('end', () => resolve(true)));
  await client.connect();
  await client.query('BEGIN; LOCK TABLE emails IN SHARE ROW EXCLUSIVE MODE');
  await sql(
    it.store,
    `INSERT INTO mailmill.worker (id, name, expires_at) VALUES ('${stopped}', 'stopped', now() + interval '10 s')`,
  );
  it.deliver('meanwhile');
  await rowsReach(it.sink, 6, 2 * leaseTermMs);
  expect(await ended).toBe(true);
  await expectExact(it, 6);
});
