import { describe, expect, test } from 'vitest';
import type { KubernetesClient, RequestOptions } from '../../src/kubernetes/client.ts';
import { KubernetesError } from '../../src/kubernetes/errors.ts';
import { createLeaderElection } from '../../src/kubernetes/leader-election.ts';
import type { KubernetesObject, Lease, Live } from '../../src/kubernetes/objects.ts';
import { type ManualClock, manualClock } from './manual-clock.ts';

const failed = (status: number, reason: string) => new KubernetesError('Transient', 'TEST', reason, { status, reason });

/** One Lease with the API server's rules, and the faults that a test wants for one candidate. */
function leaseServer() {
  let stored: Live<Lease> | undefined;
  let version = 0;
  let writes = 0;
  const faults = new Map<string, 'down' | 'hanging' | undefined>();
  const clientOf = (identity: string): KubernetesClient => {
    const reach = async ({ signal }: RequestOptions) => {
      signal.throwIfAborted();
      const fault = faults.get(identity);
      if (fault === 'down') throw failed(0, 'Unreachable');
      if (fault === 'hanging') {
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        });
      }
    };
    const store = (lease: Lease) => {
      version += 1;
      writes += 1;
      stored = { ...lease, metadata: { ...lease.metadata, uid: 'u', resourceVersion: String(version) } };
      return stored;
    };
    const unused = () => {
      throw new Error('not used by leader election');
    };
    const client = {
      namespace: undefined,
      find: async (_: unknown, __: unknown, options: RequestOptions) => {
        await reach(options);
        return stored;
      },
      create: async (_: unknown, lease: KubernetesObject, options: RequestOptions) => {
        await reach(options);
        if (stored !== undefined) throw failed(409, 'AlreadyExists');
        return store(lease as Lease);
      },
      update: async (_: unknown, lease: KubernetesObject, options: RequestOptions) => {
        await reach(options);
        if (stored === undefined) throw failed(404, 'NotFound');
        if (lease.metadata.resourceVersion !== stored.metadata.resourceVersion) throw failed(409, 'Conflict');
        return store(lease as Lease);
      },
      get: unused,
      listPage: unused,
      list: unused,
      patch: unused,
      apply: unused,
      updateStatus: unused,
      delete: unused,
      watch: unused,
      close: unused,
    };
    // The generic methods are narrowed to the one kind that is used.
    return client as unknown as KubernetesClient;
  };
  return {
    clientOf,
    faults,
    get holder() {
      return stored?.spec?.holderIdentity;
    },
    get lease() {
      return stored;
    },
    get writes() {
      return writes;
    },
    take: (identity: string) => {
      stored = {
        ...stored!,
        spec: { ...stored?.spec, holderIdentity: identity },
        metadata: { ...stored!.metadata, resourceVersion: 'foreign' },
      };
    },
  };
}

function candidate(server: ReturnType<typeof leaseServer>, clock: ManualClock, identity: string, drainMs = 0) {
  const election = createLeaderElection({
    client: server.clientOf(identity),
    lease: { namespace: 'mailmill', name: 'mailmill-operator' },
    identity,
    clock,
    random: () => 0.5,
  });
  const stop = new AbortController();
  const log: string[] = [];
  const ended = election
    .lead(stop.signal, async (leading) => {
      log.push(`leads at ${clock.monotonic()}`);
      await new Promise<void>((resolve) => {
        leading.addEventListener('abort', () => resolve(), { once: true });
      });
      log.push(`stops at ${clock.monotonic()}`);
      if (drainMs > 0) await clock.sleep(drainMs, new AbortController().signal);
    })
    .then(
      () => log.push('ended'),
      (error: unknown) => log.push(error instanceof Error && 'code' in error ? String(error.code) : String(error)),
    );
  return { election, stop, log, ended };
}

describe('one candidate', () => {
  test('takes the lease at once, renews it every 2 s with one request, in microseconds', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.settle();
    expect(a.log).toEqual(['leads at 0']);
    expect(a.election.isLeader()).toBe(true);
    expect(server.lease?.spec).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    await clock.advance(10_000);
    expect(server.writes).toBe(6);
    expect(server.lease?.spec?.renewTime).toMatch(/^2026-11-21T00:00:10\.000000Z$/);
    expect(server.lease?.spec?.acquireTime).toMatch(/^2026-11-21T00:00:00\.000000Z$/);
    a.stop.abort();
    await a.ended;
  });

  test('that ends releases the lease, and only after its work has ended', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a', 20_000);
    await clock.settle();
    a.stop.abort();
    await clock.advance(19_000);
    // Draining longer than the lease lasts: it is still renewed.
    expect([server.holder, a.election.isLeader()]).toEqual(['a', true]);
    await clock.advance(1_000);
    await a.ended;
    expect([server.holder, a.election.isLeader()]).toEqual(['', false]);
    expect(a.log.at(-1)).toBe('ended');
    expect(clock.sleeping).toBe(0);
  });

  test('that cannot reach the API server stops at its renew deadline, not at the end of the lease', async () => {
    for (const fault of ['down', 'hanging'] as const) {
      const [server, clock] = [leaseServer(), manualClock()];
      const a = candidate(server, clock, 'a');
      await clock.advance(4_000);
      server.faults.set('a', fault);
      await clock.advance(9_999);
      expect(a.log).toEqual(['leads at 0']);
      await clock.advance(1);
      await a.ended;
      expect(a.log).toEqual(['leads at 0', 'stops at 14000', 'LEADERSHIP_LOST']);
      // Nothing is released that might be another's by now.
      expect(server.holder).toBe('a');
    }
  });

  test('survives an outage shorter than the deadline, a dead connection included', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.advance(4_000);
    server.faults.set('a', 'hanging');
    await clock.advance(5_000);
    server.faults.set('a', 'down');
    await clock.advance(3_000);
    server.faults.delete('a');
    await clock.advance(60_000);
    expect(a.log).toEqual(['leads at 0']);
    a.stop.abort();
    await a.ended;
  });

  test('sees that somebody else holds its lease, and stops at the next renewal', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.advance(3_000);
    server.take('b');
    await clock.advance(1_000);
    await a.ended;
    expect(a.log).toEqual(['leads at 0', 'stops at 4000', 'LEADERSHIP_LOST']);
    expect(server.holder).toBe('b');
  });

  test('whose process stood still does not believe that it leads when it wakes', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.advance(3_000);
    clock.jump(60_000);
    expect(a.election.isLeader()).toBe(false);
    await clock.advance(0);
    await a.ended;
    expect(a.log).toEqual(['leads at 0', 'stops at 63000', 'LEADERSHIP_LOST']);
  });
});

describe('two candidates', () => {
  test('the second waits for a whole lease that it saw unchanged, then takes over', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(60_000);
    expect(b.log).toEqual([]);
    server.faults.set('a', 'down');
    await clock.advance(30_000);
    expect(a.log).toEqual(['leads at 0', 'stops at 70000', 'LEADERSHIP_LOST']);
    const since = Number(b.log[0]?.split(' ').at(-1));
    // Never before the lease ran out, and soon after: the first had stopped 5 s earlier.
    expect(since).toBeGreaterThanOrEqual(75_000);
    expect(since).toBeLessThanOrEqual(75_000 + 2 * 2_200);
    expect(server.lease?.spec?.leaseTransitions).toBe(1);
    b.stop.abort();
    await b.ended;
  });

  test('a released lease is taken at the next try', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(5_000);
    a.stop.abort();
    await clock.advance(2_200);
    expect(b.log).toHaveLength(1);
    expect(server.holder).toBe('b');
    b.stop.abort();
    await b.ended;
  });

  test('one that only waits ends quietly', async () => {
    const [server, clock] = [leaseServer(), manualClock()];
    const a = candidate(server, clock, 'a');
    await clock.settle();
    const b = candidate(server, clock, 'b');
    await clock.advance(1_000);
    b.stop.abort();
    await b.ended;
    expect([b.log, server.holder]).toEqual([['ended'], 'a']);
    a.stop.abort();
    await a.ended;
  });
});

test('times that cannot work are refused', () => {
  const options = { client: leaseServer().clientOf('a'), lease: { namespace: 'n', name: 'l' }, identity: 'a' };
  expect(() => createLeaderElection({ ...options, renewDeadlineMs: 15_000 })).toThrow(
    /lease 15000 ms > renew deadline/,
  );
});
