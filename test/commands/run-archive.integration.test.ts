import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveCommand } from '../support/archive.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { message, rowCount } from '../support/worker.ts';
import { maildir, pipeline, run, secret, testProject } from './run/standalone.ts';

let postgres: Postgres;

beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

test('mailmill run archives beside the resources and reads the archive, and mailmill archive looks after it', async ({
  onTestFinished,
}) => {
  const uri = await postgres.createDatabase();
  const source = maildir();
  const archived = { ...source, spec: { ...source.spec, archive: { volume: { path: 'archive' } } } };
  const project = testProject([archived, pipeline(), secret('warehouse', { uri })]);
  onTestFinished(() => project.remove());
  for (let n = 0; n < 5; n++) project.deliver(`${n}`, message(n));
  const env = { MAILMILL_STORE_URI: uri };
  const { code, stderr, stdout } = await run([project.directory, '--once'], env);
  expect(code, stderr + stdout).toBe(0);
  expect(await rowCount(uri)).toEqual({ rows: 5, distinct: 5 });
  const files = fs.readdirSync(path.join(project.directory, 'archive'), { recursive: true, encoding: 'utf8' });
  expect(files.filter((name) => name.endsWith('.mms'))).toHaveLength(1);
  const archive = (...args: readonly string[]) => archiveCommand([...args, project.directory], env);
  expect(await archive('verify')).toEqual({
    code: 0,
    out: 'box: 1 segments, 5 messages read back; every message is as it was archived\n',
  });
  expect(await archive('hold', '--message-id', 'm-3@example.org')).toEqual({ code: 0, out: 'box: 1 on hold\n' });
  expect((await archive('hold', '--id', 'nonsense')).code).toBe(2);
});
