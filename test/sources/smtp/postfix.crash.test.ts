import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { keptRows } from '../../support/collector.ts';
import { type CollectorPod, collectorPod } from '../../support/collector-process.ts';
import { freePorts } from '../../support/free-port.ts';
import { type Postfix, startPostfix } from '../../support/postfix.ts';
import { type Postgres, startPostgres } from '../../support/postgres.ts';
import { eventually } from '../../support/processes.ts';
import { message } from '../../support/worker.ts';

let postgres: Postgres;
const clean: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const each of clean.splice(0).reverse()) await each();
});
afterAll(async () => {
  await postgres?.stop();
});

interface World {
  readonly pod: CollectorPod;
  readonly postfix: Postfix;
  readonly store: string;
}

/** A collector and a Postfix that delivers to it, by LMTP or SMTP. */
async function world(protocol: 'LMTP' | 'SMTP', more: readonly string[] = []): Promise<World> {
  const [port] = await freePorts(1);
  const store = await postgres.createDatabase();
  const smtp = { protocol, port: port!, recipients: ['*@desk.example.org'] };
  const pod = await collectorPod({ smtp }, { 'mailmill-store/uri': store });
  clean.push(() => pod.remove());
  const postfix = await startPostfix(
    `${protocol.toLowerCase()}:inet:127.0.0.1:${port}`.replace('smtp:inet:127.0.0.1', 'smtp:[127.0.0.1]'),
    more,
  );
  clean.push(() => postfix.stop());
  return { pod, postfix, store };
}

const subjects = async (store: string) =>
  (await keptRows(store)).map(({ header_id, envelope }) => `${header_id} ${envelope.rcptTo}`);

/** Waits until /status says so: it is a moment behind. */
const counted = (
  collector: Awaited<ReturnType<CollectorPod['start']>>,
  expected: { readonly accepted: number; readonly repeated: number },
) =>
  eventually(async () => {
    const { counters } = await collector.status();
    return counters.accepted === expected.accepted && counters.repeated === expected.repeated;
  });

describe.each(['LMTP', 'SMTP'] as const)('Postfix delivers by %s', (protocol) => {
  test('every recipient once, with the envelope', async () => {
    const { pod, postfix, store } = await world(protocol);
    const collector = await pod.start();
    await postfix.submit(message(1), ['a@desk.example.org', 'b@desk.example.org']);
    await postfix.submit(message(2), ['c@desk.example.org']);
    await postfix.empty();
    expect((await subjects(store)).sort()).toEqual([
      'm-1@example.org a@desk.example.org',
      'm-1@example.org b@desk.example.org',
      'm-2@example.org c@desk.example.org',
    ]);
    expect(await keptRows(store)).toMatchObject([
      { envelope: { helo: 'mta.example.org', mailFrom: 'ann@example.org', kind: protocol.toLowerCase() } },
      {},
      {},
    ]);
    await counted(collector, { accepted: 3, repeated: 0 });
    collector.kill('SIGTERM');
    expect(await collector.exited).toBe(0);
  });

  test.each(['before-kept-commit', 'after-kept-commit'])(
    'killed %s: Postfix sends again, and there is one of each',
    async (failpoint) => {
      const { pod, postfix, store } = await world(protocol);
      const doomed = await pod.start({ MAILMILL_FAILPOINT: failpoint });
      await postfix.submit(message(1), ['a@desk.example.org', 'b@desk.example.org']);
      expect(await doomed.exited).toBe('SIGKILL');
      const before = (await keptRows(store)).length;
      expect(before).toBe(failpoint === 'after-kept-commit' ? 2 : 0);
      const next = await pod.start();
      await postfix.empty();
      expect((await subjects(store)).sort()).toEqual([
        'm-1@example.org a@desk.example.org',
        'm-1@example.org b@desk.example.org',
      ]);
      await counted(next, { accepted: 2 - before, repeated: before });
    },
  );
});

test('one mail server hands the recipients of a message to several sources, by its map of transports', async () => {
  const domains = ['orders.example.org', 'support.example.org'] as const;
  const ports = await freePorts(domains.length);
  const stores = await Promise.all(domains.map(() => postgres.createDatabase()));
  for (const [i, domain] of domains.entries()) {
    const smtp = { protocol: 'LMTP' as const, port: ports[i]!, recipients: [`*@${domain}`] };
    const pod = await collectorPod({ smtp }, { 'mailmill-store/uri': stores[i]! });
    clean.push(() => pod.remove());
    await pod.start();
  }
  const map = domains.map((domain, i) => `{ ${domain} = lmtp:inet:127.0.0.1:${ports[i]} }`).join(', ');
  const postfix = await startPostfix('error:nobody reads this', [`transport_maps = inline:{ ${map} }`]);
  clean.push(() => postfix.stop());
  await postfix.submit(message(1), ['a@orders.example.org', 'b@support.example.org', 'c@support.example.org']);
  await postfix.empty();
  expect(await Promise.all(stores.map(async (store) => (await subjects(store)).sort()))).toEqual([
    ['m-1@example.org a@orders.example.org'],
    ['m-1@example.org b@support.example.org', 'm-1@example.org c@support.example.org'],
  ]);
});

test('killed again and again under load, with the store restarted: nothing is lost and nothing doubled', async () => {
  const { pod, postfix, store } = await world('LMTP');
  const count = 150;
  let submitted = 0;
  const submitting = (async () => {
    for (; submitted < count; submitted++) await postfix.submit(message(submitted), ['a@desk.example.org']);
  })();
  for (let kills = 0; kills < 4; kills++) {
    const collector = await pod.start();
    const seen = (await keptRows(store).catch(() => [])).length;
    await eventually(async () => (await keptRows(store)).length > seen + 5 || submitted === count, 60_000);
    if (kills === 2) await postgres.restart();
    collector.kill('SIGKILL');
    await collector.exited;
  }
  await submitting;
  await pod.start();
  await postfix.empty(120_000);
  const all = await subjects(store);
  expect(new Set(all).size).toBe(count);
  expect(all).toHaveLength(count);
});
