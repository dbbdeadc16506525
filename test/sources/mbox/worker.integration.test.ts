import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { message, type PodFiles, podFiles, rowCount, rowsReach, sql } from '../../support/worker.ts';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

const fromLine = 'From ann@example.org Tue Mar 31 22:00:05 2015\n';
const entry = (name: string | number) => `${fromLine}${message(name).toString()}\n`;
const entries = (...names: readonly (string | number)[]) => names.map(entry).join('');

/** A directory of mbox files and the pod of a pipeline that reads it. */
async function makeWorld(finished: (clean: () => void) => void) {
  const store = await postgres.createDatabase();
  const pod: PodFiles = podFiles({
    source: { mbox: { path: 'mail', pollInterval: '200ms' } },
    pipeline: {
      source: { name: 'lists' },
      sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: 'emails' } }],
    },
    secrets: { 'mailmill-store': { uri: store }, sink: { uri: store } },
  });
  finished(() => pod.remove());
  const dir = path.join(pod.dir, 'maildir', 'lists');
  fs.mkdirSync(dir, { recursive: true });
  const file = (name: string) => path.join(dir, name);
  /** A file that has stood still for a minute. */
  const write = (name: string, text: string) => {
    fs.writeFileSync(file(name), text);
    const at = Date.now() / 1000 - 60;
    fs.utimesSync(file(name), at, at);
  };
  const read = async () => {
    const { code, output } = await pod.once(`run-${Math.random()}`);
    expect(code, output).toBe(0);
    return rowCount(store);
  };
  return { pod, store, file, write, read };
}

describe('a pipeline on mbox files', () => {
  test('reads rotated, rewritten and truncated files without loss or doubling, over restarts', async ({
    onTestFinished,
  }) => {
    const { pod, store, file, write, read } = await makeWorld(onTestFinished);
    write('inbox', entries('a', 'b', 'twin', 'twin'));
    expect(await read()).toEqual({ rows: 4, distinct: 3 });
    // Twice rotated while nobody looked: each file has what another one had.
    fs.renameSync(file('inbox'), file('inbox.1'));
    write('inbox', entries('c', 'd'));
    expect(await read()).toEqual({ rows: 6, distinct: 5 });
    fs.renameSync(file('inbox.1'), file('inbox.2'));
    fs.renameSync(file('inbox'), file('inbox.1'));
    write('inbox', entries('e', 'twin'));
    expect(await read()).toEqual({ rows: 8, distinct: 6 }); // a third twin is mail of its own
    write('inbox.2', entries('b', 'twin', 'late', 'twin'));
    expect(await read()).toEqual({ rows: 9, distinct: 7 });
    write('inbox', '');
    expect(await read()).toEqual({ rows: 9, distinct: 7 });
    write('inbox', entries('f', 'e'));
    expect(await read()).toEqual({ rows: 10, distinct: 8 });
    expect((await pod.reconcile()).agrees).toBe(true);
    expect(await sql(store, 'SELECT code FROM mailmill.dead_letter')).toEqual([]);
  });

  test('streams what is appended, once it is whole', async ({ onTestFinished }) => {
    const { pod, store, file, write } = await makeWorld(onTestFinished);
    write('inbox', entries('a'));
    const worker = await pod.start();
    onTestFinished(async () => {
      worker.kill('SIGKILL');
      await worker.exited;
    });
    await rowsReach(store, 1);
    const [first, second] = [entry('b').slice(0, 90), entry('b').slice(90)];
    fs.appendFileSync(file('inbox'), first);
    fs.writeFileSync(file('inbox.lock'), '');
    fs.appendFileSync(file('inbox'), second + entry('c'));
    fs.rmSync(file('inbox.lock'));
    await rowsReach(store, 3);
    fs.renameSync(file('inbox'), file('inbox.1'));
    write('inbox', entries('d'));
    await rowsReach(store, 4);
    const subjects = await sql<{ subject: string }>(store, 'SELECT subject FROM emails ORDER BY subject');
    expect(subjects.map(({ subject }) => subject)).toEqual(['Message a', 'Message b', 'Message c', 'Message d']);
  });
});
