import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = new URL('../..', import.meta.url).pathname;

test('two operators through each fault once: one leads at a time, and the children are those of a run without faults', {
  timeout: 480_000,
}, async () => {
  const command = ['test/chaos/main.ts', 'operator', '--seed', '1', '--minutes', '1'];
  const { stdout } = await promisify(execFile)(process.execPath, command, { cwd: root }).catch((error: unknown) => {
    const { stdout: told = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${told}${stderr}`, { cause: error });
  });
  for (const fault of ['leader killed', 'API server restarted', 'leader paused']) expect(stdout).toContain(fault);
  expect(stdout).toMatch(/[1-9]\d* writes in [2-9] terms of \d+ processes, 0 by who did not lead/);
});
