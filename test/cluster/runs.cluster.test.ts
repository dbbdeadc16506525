import { afterAll, beforeAll, expect, test } from 'vitest';
import { message } from '../support/worker.ts';
import { eventually } from './eventually.ts';
import { imapSource, pipeline, pipelineRun, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-runs';
const rollout = { preflight: { messages: 20, maxErrorRate: 0.1 } };
const strict = [{ name: 'strict', set: { mark: '"v1"', n: 'int(subject.extract("([0-9]+)"))' } }];
const lenient = [{ name: 'lenient', set: { mark: '"v2"', n: '1' } }];

let world: World;

beforeAll(async () => {
  world = await startWorld(tenant);
  const { cluster, dovecot } = world;
  for (let n = 0; n < 5; n++) dovecot.deliver('support', 'INBOX', message(n));
  dovecot.deliver('support', 'INBOX', message('without a number'));
  await cluster.apply(secret(tenant, 'support-login', { username: 'support', password: 'secret' }));
  await cluster.apply(
    imapSource(tenant, 'support', dovecot),
    pipeline(tenant, 'orders', 'support', 'orders', { steps: strict, rollout }),
  );
  await world.ready('orders', 180);
  await eventually('five of six are rows', async () => expect(await world.count('orders')).toBe(5), { seconds: 60 });
});

afterAll(() => world?.close());

const endOf = async (run: string) => {
  let status: Readonly<Record<string, unknown>> | undefined;
  await eventually(
    `${run} has ended`,
    async () => {
      status = (await world.cluster.get(tenant, `emailpipelinerun/${run}`)).status;
      expect(['Succeeded', 'Failed']).toContain(status?.state);
    },
    { seconds: 120 },
  );
  return status;
};

test('a preflight rejects a revision under which mail would die; what runs goes on, and the next that passes rolls out', async () => {
  const [before] = await world.workers('orders');
  const broken = [{ name: 'broken', set: { mark: '"bad"', n: 'int(subject)' } }];
  await world.cluster.apply(pipeline(tenant, 'orders', 'support', 'orders', { steps: broken, rollout }));
  await eventually(
    'the generation is rejected',
    async () => {
      const stalled = await world.condition('emailpipeline/orders', 'Stalled');
      expect(stalled).toMatchObject({ status: 'True', reason: 'PreflightRejected' });
      expect(stalled?.message).toMatch(/6 of the newest 6 messages would be dead letters, 1 are with revision/);
      expect(stalled?.message).toContain('at step broken: STEP_EVALUATION_FAILED');
    },
    { seconds: 120 },
  );
  expect((await world.workers('orders')).map(({ name }) => name)).toEqual([before?.name]);
  world.dovecot.deliver('support', 'INBOX', message(6));
  await eventually('mail goes on', async () => expect(await world.count('orders')).toBe(6), { seconds: 30 });
  await world.cluster.apply(pipeline(tenant, 'orders', 'support', 'orders', { steps: lenient, rollout }));
  await world.ready('orders', 180);
  expect((await world.workers('orders')).some(({ name }) => name === before?.name)).toBe(false);
});

test('a replay of dead letters mends what died, once; making the run again shows its result', async () => {
  const run = {
    ...pipelineRun(tenant, 'mend', 'orders'),
    spec: { pipeline: { name: 'orders' }, replay: { only: 'Dead' } },
  };
  await world.cluster.apply(run);
  expect(await endOf('mend')).toMatchObject({ state: 'Succeeded', edition: 2, read: 1, delivered: 1, dead: 0 });
  const rows = await world.query('SELECT subject, mark FROM orders WHERE _mailmill_edition = 2');
  expect(rows).toEqual([{ subject: 'Message without a number', mark: 'v2' }]);
  await world.cluster.kubectl(['delete', 'emailpipelinerun', 'mend', '-n', tenant, '--wait']);
  await world.cluster.apply(run);
  expect(await endOf('mend')).toMatchObject({ state: 'Succeeded', edition: 2, read: 1, delivered: 1 });
  expect(await world.count('orders')).toBe(7);
});
