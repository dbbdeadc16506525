import { describe, expect, test } from 'vitest';
import type { Granted } from '../../../src/sources/imap/oauth-answer.ts';
import { AccessTokens } from '../../../src/sources/imap/oauth-tokens.ts';
import { stalled, transient, waiting } from '../../../src/telemetry/errors.ts';
import { failure, never } from '../support.ts';

/** A provider with numbered tokens, and a clock that stands. */
function world({ lifetimeMs = 3_600_000, random = 0.5 } = {}) {
  const state = { now: 0, asked: 0, fault: undefined as Error | undefined };
  const renew = async (): Promise<Granted> => {
    state.asked += 1;
    if (state.fault) throw state.fault;
    return { accessToken: `token-${state.asked}`, lifetimeMs };
  };
  return { state, tokens: new AccessTokens({ renew, now: () => state.now, random: () => random }) };
}

describe('an access token', () => {
  test('is kept until five minutes before its end', async () => {
    const { state, tokens } = world();
    expect(await tokens.get(never)).toBe('token-1');
    state.now = 3_600_000 - 300_001;
    expect(await tokens.get(never)).toBe('token-1');
    state.now = 3_600_000 - 300_000;
    expect(await tokens.get(never)).toBe('token-2');
  });

  test('is renewed at different times by different workers', async () => {
    for (const [random, at] of [
      [0, 3_600_000 - 240_000],
      [0.999, 3_600_000 - 359_880],
    ] as const) {
      const { state, tokens } = world({ random });
      await tokens.get(never);
      state.now = at - 1;
      expect(await tokens.get(never)).toBe('token-1');
      state.now = at;
      expect(await tokens.get(never)).toBe('token-2');
    }
  });

  test('of a short life is renewed when a fifth is left', async () => {
    const { state, tokens } = world({ lifetimeMs: 10_000 });
    await tokens.get(never);
    state.now = 7_999;
    expect(await tokens.get(never)).toBe('token-1');
    state.now = 8_000;
    expect(await tokens.get(never)).toBe('token-2');
  });

  test('is asked for once by many at the same time', async () => {
    const { state, tokens } = world();
    const got = await Promise.all(Array.from({ length: 50 }, () => tokens.get(never)));
    expect(new Set(got)).toEqual(new Set(['token-1']));
    expect(state.asked).toBe(1);
  });

  test('that is still good is used while the endpoint is down, which is asked every half minute', async () => {
    const { state, tokens } = world();
    await tokens.get(never);
    state.now = 3_400_000;
    state.fault = transient('OAUTH_UNREACHABLE', 'down');
    expect(await tokens.get(never)).toBe('token-1');
    expect(await tokens.get(never)).toBe('token-1');
    expect(state.asked).toBe(2);
    state.now += 30_000;
    await tokens.get(never);
    expect(state.asked).toBe(3);
    state.now = 3_570_000;
    expect(await failure(tokens.get(never))).toMatchObject({ code: 'OAUTH_UNREACHABLE' });
    state.fault = undefined;
    expect(await tokens.get(never)).toBe('token-5');
  });

  test('is not asked for while a pause lasts', async () => {
    const { state, tokens } = world();
    state.fault = waiting('OAUTH_THROTTLED', 'pause', { retryAfterMs: 10_000 });
    await failure(tokens.get(never));
    state.fault = undefined;
    state.now = 4_000;
    expect(await failure(tokens.get(never))).toMatchObject({ code: 'OAUTH_THROTTLED', retryAfterMs: 6_000 });
    expect(state.asked).toBe(1);
    state.now = 10_000;
    expect(await tokens.get(never)).toBe('token-2');
  });

  test('that was refused is replaced once it is some seconds old; one that is another already, at once', async () => {
    const { state, tokens } = world();
    await tokens.get(never);
    expect(await tokens.get(never, 'token-1')).toBe('token-1');
    state.now = 5_000;
    expect(await tokens.get(never, 'token-1')).toBe('token-2');
    state.now = 20_000;
    expect(await tokens.get(never, 'token-1')).toBe('token-2');
    // A refused token is no fallback.
    state.fault = stalled('OAUTH_REJECTED', 'no');
    expect(await failure(tokens.get(never, 'token-2'))).toMatchObject({ code: 'OAUTH_REJECTED' });
  });

  test('is forgotten with what it was derived from', async () => {
    const { tokens } = world();
    await tokens.get(never);
    tokens.forget();
    expect(await tokens.get(never)).toBe('token-2');
  });

  test('is renewed for those who wait when one of them stops, and for none when all stop', async () => {
    const seen: AbortSignal[] = [];
    const gate = Promise.withResolvers<Granted>();
    const renew = (signal: AbortSignal) => {
      seen.push(signal);
      signal.addEventListener('abort', () => gate.reject(signal.reason));
      return gate.promise;
    };
    const tokens = new AccessTokens({ renew, now: () => 0, random: () => 0 });
    const [one, two] = [new AbortController(), new AbortController()];
    const waits = [failure(tokens.get(one.signal)), failure(tokens.get(two.signal))];
    one.abort();
    expect(seen).toHaveLength(1);
    expect(seen[0]?.aborted).toBe(false);
    two.abort();
    expect(seen[0]?.aborted).toBe(true);
    for (const wait of waits) expect(await wait).toMatchObject({ code: 'ABORTED' });
  });
});
