import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '../../src/kubernetes/client.ts';
import { createLeaderElection } from '../../src/kubernetes/leader-election.ts';
import { leases } from '../../src/kubernetes/objects.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { eventually } from '../support/processes.ts';
import { startTcpProxy } from './tcp-proxy.ts';

let plane: ControlPlane;
const signal = new AbortController().signal;

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane?.stop());

/** A candidate with its own way to the API server, which a test may break. */
async function candidate(identity: string, name: string, acting: Set<string>, journal: string[]) {
  const proxy = await startTcpProxy(new URL(plane.url));
  const client = createClient(plane.access('operator', proxy.port));
  const lease = { namespace: 'default', name };
  const times = { leaseMs: 3_000, renewDeadlineMs: 2_000, retryMs: 300 };
  const election = createLeaderElection({ client, lease, identity, ...times });
  const stop = new AbortController();
  const ended = election
    .lead(stop.signal, async (leading) => {
      acting.add(identity);
      journal.push(`${identity} leads, of ${acting.size}`);
      await new Promise<void>((resolve) => {
        leading.addEventListener('abort', () => resolve(), { once: true });
      });
      acting.delete(identity);
    })
    .catch((error: unknown) => {
      journal.push(`${identity}: ${error instanceof Error && 'code' in error ? error.code : error}`);
    });
  return {
    proxy,
    election,
    leave: async () => {
      stop.abort();
      await ended;
    },
    end: async () => {
      stop.abort();
      await ended;
      client.close();
      await proxy.close();
    },
    ended,
  };
}

test('of two candidates one leads; the other takes over from one that is cut off, and from one that leaves', async () => {
  const acting = new Set<string>();
  const journal: string[] = [];
  const a = await candidate('a', 'two', acting, journal);
  await eventually(() => a.election.isLeader());
  const b = await candidate('b', 'two', acting, journal);
  await sleep(1_000);
  expect(journal).toEqual(['a leads, of 1']);

  // Silent, not refused: only its own clock tells the leader.
  a.proxy.freeze();
  a.proxy.cut();
  await a.ended;
  expect([a.election.isLeader(), acting.size]).toEqual([false, 0]);
  await eventually(() => b.election.isLeader());
  expect(journal).toEqual(['a leads, of 1', 'a: LEADERSHIP_LOST', 'b leads, of 1']);

  const client = createClient(plane.access());
  const held = await client.get(leases, { namespace: 'default', name: 'two' }, { signal });
  expect(held.spec).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, leaseDurationSeconds: 3 });
  await b.leave();
  const released = await client.get(leases, { namespace: 'default', name: 'two' }, { signal });
  expect(released.spec?.holderIdentity ?? '').toBe('');
  client.close();
  await Promise.all([a.end(), b.end()]);
});

test('the leader stays through interruptions that are shorter than its deadline', async () => {
  const acting = new Set<string>();
  const journal: string[] = [];
  const a = await candidate('a', 'restart', acting, journal);
  await eventually(() => a.election.isLeader());
  for (let i = 0; i < 3; i += 1) {
    a.proxy.cut();
    await sleep(400);
    a.proxy.pass();
    await sleep(700);
    expect(a.election.isLeader()).toBe(true);
  }
  expect(journal).toEqual(['a leads, of 1']);
  await a.end();
});
