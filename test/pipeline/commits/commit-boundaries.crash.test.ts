import { describe, expect, test } from 'vitest';
import { failpoints } from '../../../src/telemetry/failpoint.ts';
import { mailToStore } from '../../support/mail-to-store.ts';
import { expectExact, makeWorld } from '../crash-world.ts';

const servers = mailToStore();

// The cases wait for disks and for each other's processes most of the time.
describe.concurrent.each([
  ['another database', false],
  ['the database of the store', true],
])('SIGKILL at each commit boundary, sink in %s', (_, shared) => {
  const relevant = failpoints.filter(
    (name) => !/kept|outbox|change/.test(name) && (!shared || !name.includes('sink-commit')),
  );
  test.for(relevant)('%s', async (name, { onTestFinished }) => {
    const it = await makeWorld(servers, onTestFinished, 300, shared);
    expect((await it.pod.once('before')).code).toBe(0);
    for (let n = 0; n < 900; n++) it.deliver(`more-${n}`);
    const killed = await it.pod.once('first', { MAILMILL_FAILPOINT: name });
    expect(killed.code, killed.output).toBe('SIGKILL');
    await it.expireDead();
    const second = await it.pod.once('first');
    expect(second.code, second.output).toBe(0);
    await expectExact(it, 1_200);
  });
});
