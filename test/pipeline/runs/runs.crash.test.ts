import { expect, onTestFinished, test } from 'vitest';
import { mailToStore } from '../../support/mail-to-store.ts';
import { sql } from '../../support/worker.ts';
import { runWorld } from './run-world.ts';

const servers = mailToStore({ tls: true });

/** More than two batches. */
const messages = 1_100;

const places = [
  'before-sink-commit:2',
  'after-sink-commit:2',
  'before-store-commit:2',
  'after-store-commit:2',
] as const;
const runs = [
  { kind: 'a full load', spec: { load: 'Full' } },
  { kind: 'a replay', spec: { replay: { since: '2020-01-01' } } },
];
const cases = runs.flatMap(({ kind, spec }) => places.map((place) => ({ kind, spec, place })));

test.each(cases)('$kind that is killed at $place, and made again, comes to the same', async ({ spec, place }) => {
  const it = await runWorld(servers, onTestFinished, { shared: false });
  const names = Array.from({ length: messages }, (_, n) => it.deliver(n));
  expect((await it.revision().once('first')).code).toBe(0);
  it.expunge(names[7]!);
  const next = it.revision([
    { name: 'wanted', filter: 'subject != "Message 9"' },
    { name: 'new', set: { mark: '"new"' } },
  ]);
  expect((await it.execute(next, 'run', spec, { MAILMILL_FAILPOINT: place })).code).toBe('SIGKILL');
  await it.expireDead();
  const { code, result, output } = await it.execute(next, 'run', spec);
  expect(code, output).toBe(0);
  const full = 'load' in spec;
  const gone = full ? 1 : 0;
  expect(result).toMatchObject({
    state: 'Succeeded',
    edition: 2,
    dropped: 1,
    dead: 0,
    removed: gone,
    missing: 1 - gone,
  });
  expect(result?.delivered).toBe(messages - 2);
  const rows = await it.rows();
  const kept = full ? [] : [{ subject: 'Message 7', mark: 'old', edition: 1 }];
  expect(rows.filter(({ edition }) => edition === 1)).toEqual(kept);
  expect(rows.filter(({ edition, mark }) => edition === 2 && mark === 'new')).toHaveLength(messages - 2);
  const left = await sql(it.store, 'SELECT FROM mailmill.run_lease WHERE worker_id IS NOT NULL');
  expect(left).toEqual([]);
});
