import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { packageDirectory, postgresBinaries, serverAccount } from '../../../src/commands/run/postgres-binaries.ts';

const directories: string[] = [];
function temporary(mode: number): string {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-binaries-'));
  fs.chmodSync(made, mode);
  directories.push(made);
  return made;
}
afterEach(() => {
  for (const each of directories.splice(0)) fs.rmSync(each, { recursive: true, force: true });
});

test('programs that can be run are used where they are', async () => {
  const copies = temporary(0o755);
  const notes: string[] = [];
  const found = await postgresBinaries(await serverAccount(), copies, (line) => void notes.push(line));
  // A checkout below /root is closed to the account: then they are copied, which the next test is about.
  if (notes.length === 0) expect(found.postgres.startsWith(packageDirectory())).toBe(true);
  else expect(found.postgres.startsWith(copies)).toBe(true);
});

test('programs in a closed directory are copied once for the account that runs the server', async () => {
  const account = await serverAccount();
  const closed = path.join(temporary(0o700), 'package');
  const copies = temporary(0o755);
  execFileSync('cp', ['-R', packageDirectory(), closed]);
  const notes: string[] = [];
  const find = () => postgresBinaries(account, copies, (line) => void notes.push(line), closed);
  const first = await find();
  const second = await find();
  expect(second).toEqual(first);
  if (account) {
    expect(first.postgres.startsWith(copies)).toBe(true);
    expect(notes).toEqual([expect.stringMatching(/is closed to the account .* copied to .*postgresql-18/)]);
    expect(execFileSync(first.postgres, ['--version'], account).toString()).toMatch(/^postgres \(PostgreSQL\) 18/);
  } else expect(first.postgres.startsWith(closed)).toBe(true);
});

test('programs that do not run are an error with what to do', async () => {
  const broken = temporary(0o755);
  fs.mkdirSync(path.join(broken, 'native', 'bin'), { recursive: true });
  for (const name of ['postgres', 'initdb'])
    fs.writeFileSync(path.join(broken, 'native', 'bin', name), '#!/bin/sh\necho no library >&2; exit 127\n');
  fs.writeFileSync(path.join(broken, 'package.json'), '{"version": "18.0.0"}');
  await expect(postgresBinaries(undefined, temporary(0o755), () => undefined, broken)).rejects.toMatchObject({
    family: 'Stalled',
    code: 'EMBEDDED_POSTGRES_BROKEN',
    message: expect.stringMatching(/no library.*npm rebuild.*--store URI/),
  });
});
