import { describe, expect, test } from 'vitest';
import type { DnsAnswer, DnsSource, RecordType } from '../../../src/message/authentication/dns.ts';
import { Lookups } from '../../../src/message/authentication/lookups.ts';
import { CachingResolver, type ResolverLimits } from '../../../src/message/authentication/resolver.ts';

const never = new AbortController().signal;
const found = (ttl?: number): DnsAnswer => ({
  kind: 'records',
  records: [['text']],
  ...(ttl !== undefined && { ttl }),
});

/** A source that counts, and a clock that is set by hand. */
function world(
  answer: (name: string, type: RecordType) => DnsAnswer | Promise<DnsAnswer>,
  limits?: Partial<ResolverLimits>,
) {
  const asked: string[] = [];
  const source: DnsSource = {
    query: async (name, type) => {
      asked.push(`${name} ${type}`);
      return answer(name, type);
    },
  };
  const time = { now: 0 };
  const resolver = new CachingResolver({ source, clock: () => time.now, ...(limits && { limits }) });
  return { asked, time, resolver };
}

describe('a resolver', () => {
  test('asks once, and again when the time to live has passed', async () => {
    const { asked, time, resolver } = world(() => found(30));
    await resolver.lookup('Example.com.', 'TXT');
    time.now = 29_999;
    await resolver.lookup('example.com', 'TXT');
    expect(asked).toEqual(['example.com TXT']);
    time.now = 30_000;
    await resolver.lookup('example.com', 'TXT');
    expect(asked).toHaveLength(2);
    await resolver.lookup('example.com', 'A');
    expect(asked).toHaveLength(3);
  });

  test.each<[string, DnsAnswer, number]>([
    ['records, whatever they say', found(86_400), 300],
    ['records that say nothing', found(), 300],
    ['a name that does not exist', { kind: 'noName' }, 60],
    ['no such records', { kind: 'noData', ttl: 7 }, 7],
    ['a failure', { kind: 'failure', failure: 'SERVFAIL' }, 15],
  ])('keeps %s', async (_, answer, seconds) => {
    const { asked, time, resolver } = world(() => answer);
    expect(await resolver.lookup('a.example', 'TXT')).toEqual(answer);
    time.now = seconds * 1_000 - 1;
    expect(await resolver.lookup('a.example', 'TXT')).toEqual(answer);
    expect(asked).toHaveLength(1);
    time.now += 1;
    await resolver.lookup('a.example', 'TXT');
    expect(asked).toHaveLength(2);
  });

  test('has one question under way, however many ask it', async () => {
    const open = Promise.withResolvers<DnsAnswer>();
    const { asked, resolver } = world(() => open.promise);
    const answers = [1, 2, 3].map(() => resolver.lookup('a.example', 'TXT'));
    open.resolve(found(1));
    expect(await Promise.all(answers)).toEqual([found(1), found(1), found(1)]);
    expect(asked).toHaveLength(1);
  });

  test('forgets what was not used for the longest time', async () => {
    const { asked, resolver } = world(() => found(), { entries: 2 });
    for (const name of ['a.example', 'b.example', 'a.example', 'c.example']) await resolver.lookup(name, 'TXT');
    expect(resolver.size).toBe(2);
    await resolver.lookup('a.example', 'TXT');
    expect(asked).toHaveLength(3);
    await resolver.lookup('b.example', 'TXT');
    expect(asked).toHaveLength(4);
  });

  test('is bounded in the size of what it keeps, and of one answer', async () => {
    const large: DnsAnswer = { kind: 'records', records: [['x'.repeat(400)]] };
    const { resolver } = world(() => large, { characters: 1_000 });
    for (let i = 0; i < 10; i++) await resolver.lookup(`n${i}.example`, 'TXT');
    expect(resolver.size).toBe(2);
    const huge = world(() => ({ kind: 'records', records: [['x'.repeat(70_000)]] }));
    expect(await huge.resolver.lookup('a.example', 'TXT')).toEqual({ kind: 'failure', failure: 'SERVFAIL' });
  });

  test('asks a bounded number of questions at the same time', async () => {
    let under = 0;
    let most = 0;
    const { resolver } = world(
      async () => {
        most = Math.max(most, ++under);
        await new Promise((resolve) => setImmediate(resolve));
        under--;
        return found();
      },
      { concurrency: 3 },
    );
    await Promise.all(Array.from({ length: 20 }, (_, i) => resolver.lookup(`n${i}.example`, 'A')));
    expect(most).toBe(3);
  });

  test('does not wait for a server that says nothing, nor for one that breaks', async () => {
    const silent = world(() => new Promise(() => undefined), { lookupMilliseconds: 5 });
    expect(await silent.resolver.lookup('a.example', 'A')).toEqual({ kind: 'failure', failure: 'TIMEOUT' });
    const broken = world(() => Promise.reject(new Error('no')));
    expect(await broken.resolver.lookup('a.example', 'A')).toEqual({ kind: 'failure', failure: 'SERVFAIL' });
  });

  test('does not ask for what cannot be', async () => {
    const { asked, resolver } = world(() => found());
    for (const name of ['', 'a..example', `${'x'.repeat(64)}.example`, 'a.'.repeat(130)])
      expect(await resolver.lookup(name, 'A')).toEqual({ kind: 'badName' });
    expect(asked).toEqual([]);
  });
});

describe('the lookups of one message', () => {
  test.each<[DnsAnswer, string]>([
    [{ kind: 'noName' }, 'ENOTFOUND'],
    [{ kind: 'noData' }, 'ENODATA'],
    [{ kind: 'failure', failure: 'SERVFAIL' }, 'ESERVFAIL'],
    [{ kind: 'failure', failure: 'TIMEOUT' }, 'ETIMEOUT'],
    [{ kind: 'failure', failure: 'REFUSED' }, 'EREFUSED'],
  ])('fail as node does: %j', async (answer, code) => {
    const { resolver } = world(() => answer);
    const lookups = new Lookups(resolver, never);
    await expect(lookups.resolve('A.example', 'TXT')).rejects.toMatchObject({ code });
    expect([...lookups.failed]).toEqual(answer.kind === 'failure' ? ['a.example'] : []);
  });

  test('are bounded in number', async () => {
    const { asked, resolver } = world(() => found());
    const lookups = new Lookups(resolver, never, { milliseconds: 60_000, lookups: 2 });
    await lookups.resolve('a.example', 'TXT');
    await lookups.resolve('b.example', 'TXT');
    await expect(lookups.resolve('c.example', 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' });
    expect(asked).toHaveLength(2);
  });

  test('end when the message must', async () => {
    const { resolver } = world(() => new Promise(() => undefined));
    const stop = new AbortController();
    const lookups = new Lookups(resolver, stop.signal);
    const waiting = lookups.resolve('a.example', 'TXT');
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'ETIMEOUT' });
    const late = new Lookups(resolver, never, { milliseconds: 1, lookups: 9 });
    await expect(late.resolve('a.example', 'TXT')).rejects.toMatchObject({ code: 'ETIMEOUT' });
  });
});
