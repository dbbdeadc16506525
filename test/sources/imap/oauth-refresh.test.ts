import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { RefreshTokens } from '../../../src/sources/imap/oauth-refresh.ts';
import type { CredentialStore } from '../../../src/store/credentials.ts';
import { transient } from '../../../src/telemetry/errors.ts';
import { failure, never } from '../support.ts';

interface Row {
  sealed?: Buffer;
  holder?: string | undefined;
}

/** Credentials in memory, as the store keeps them; `broken` saves fail. */
function memory() {
  const rows = new Map<string, Row>();
  const state = { broken: false, stolen: false };
  const rowOf = (hash: Buffer) => {
    const row = rows.get(hash.toString('hex')) ?? {};
    rows.set(hash.toString('hex'), row);
    return row;
  };
  const store: CredentialStore = {
    async claim({ secretHash }, holder) {
      const row = rowOf(secretHash);
      if (row.holder !== undefined && row.holder !== holder) return undefined;
      row.holder = holder;
      return row.sealed ? { sealed: row.sealed } : {};
    },
    async save({ secretHash }, holder, sealed) {
      if (state.broken) throw transient('STORE_UNREACHABLE', 'down');
      const row = rowOf(secretHash);
      if (state.stolen || row.holder !== holder) return false;
      row.sealed = sealed;
      return true;
    },
    async release({ secretHash }, holder) {
      const row = rowOf(secretHash);
      if (row.holder === holder) row.holder = undefined;
    },
  };
  return { rows, state, store };
}

const key = randomBytes(32).toString('base64');
const options = (credentials: CredentialStore) => ({ credentials, namespace: 'test', source: 'mail', account: 'anna' });
const granted = (refreshToken?: string) => ({
  accessToken: 'access',
  lifetimeMs: 60_000,
  ...(refreshToken !== undefined && { refreshToken }),
});

/** Renews, and tells which refresh token was used. */
async function renew(tokens: RefreshTokens, refreshToken: string, next?: string, by = key): Promise<string> {
  let used = '';
  await tokens.with({ refreshToken, key: by }, never, async (token) => {
    used = token;
    return granted(next);
  });
  return used;
}

describe('a refresh token', () => {
  test('that the provider replaces is used by the next worker, and is nowhere in the clear', async () => {
    const { rows, store } = memory();
    expect(await renew(new RefreshTokens(options(store)), 'first', 'second-secret')).toBe('first');
    expect(await renew(new RefreshTokens(options(store)), 'first', 'third-secret')).toBe('second-secret');
    expect(await renew(new RefreshTokens(options(store)), 'first')).toBe('third-secret');
    for (const { sealed } of rows.values()) expect(sealed?.toString('latin1')).not.toMatch(/secret|first/);
  });

  test('that was changed in the Secret wins; the former one, put back, goes on where it was', async () => {
    const { store } = memory();
    const tokens = new RefreshTokens(options(store));
    await renew(tokens, 'first', 'second');
    expect(await renew(tokens, 'changed', 'changed-2')).toBe('changed');
    expect(await renew(tokens, 'changed')).toBe('changed-2');
    expect(await renew(tokens, 'first')).toBe('second');
  });

  test('is used by one worker at a time', async () => {
    const { store } = memory();
    const order: string[] = [];
    const use = (name: string, next: string) =>
      new RefreshTokens(options(store)).with({ refreshToken: 'first', key }, never, async (token) => {
        order.push(`${name} ${token}`);
        await new Promise((resolve) => setImmediate(resolve));
        return granted(next);
      });
    await Promise.all([use('a', 'second'), use('b', 'third')]);
    expect(order).toEqual(['a first', 'b second']);
  });

  test('that the store did not take is kept in memory, and is in it before anything else happens', async () => {
    const { store, state } = memory();
    const tokens = new RefreshTokens(options(store));
    state.broken = true;
    expect(await failure(renew(tokens, 'first', 'second'))).toMatchObject({ code: 'STORE_UNREACHABLE' });
    state.broken = false;
    // Nobody is asked: the access token of before is still there.
    expect(await renew(tokens, 'first')).toBe('');
    expect(await renew(new RefreshTokens(options(store)), 'first')).toBe('second');
  });

  test('that the store did not take does not replace a newer one that somebody else was given', async () => {
    const { store, state } = memory();
    const tokens = new RefreshTokens(options(store));
    state.broken = true;
    await failure(renew(tokens, 'first', 'second'));
    state.broken = false;
    await renew(new RefreshTokens(options(store)), 'first', 'third');
    expect(await renew(tokens, 'first')).toBe('third');
  });

  test('of a worker that stood still for too long is not kept', async () => {
    const { store, state } = memory();
    state.stolen = true;
    const error = await failure(renew(new RefreshTokens(options(store)), 'first', 'second'));
    expect(error).toMatchObject({ family: 'Transient', code: 'OAUTH_CLAIM_LOST' });
  });

  test('under another key stalls, and a wrong key is told before anybody is asked', async () => {
    const { store } = memory();
    const tokens = new RefreshTokens(options(store));
    await renew(tokens, 'first', 'second');
    const other = randomBytes(32).toString('base64');
    expect(await failure(renew(tokens, 'first', undefined, other))).toMatchObject({
      family: 'Stalled',
      code: 'ENCRYPTION_KEY_CHANGED',
    });
    // A new refresh token in the Secret is the way out.
    expect(await renew(tokens, 'new', 'new-2', other)).toBe('new');
    expect(await failure(renew(tokens, 'first', undefined, 'short'))).toMatchObject({ code: 'ENCRYPTION_KEY_INVALID' });
  });

  test('of one account is not that of another, even if rows were swapped', async () => {
    const { store, rows } = memory();
    await renew(new RefreshTokens(options(store)), 'first', 'second');
    const [row] = rows.values();
    const swapped: CredentialStore = { ...store, claim: async () => ({ ...(row?.sealed && { sealed: row.sealed }) }) };
    const bertha = new RefreshTokens({ ...options(swapped), account: 'bertha' });
    expect(await failure(renew(bertha, 'first'))).toMatchObject({ code: 'ENCRYPTION_KEY_CHANGED' });
  });

  test('is let go when the use of it fails, and not used after an abort', async () => {
    const { store } = memory();
    const tokens = new RefreshTokens(options(store));
    const fails = tokens.with({ refreshToken: 'first', key }, never, async () => {
      throw transient('OAUTH_UNREACHABLE', 'down');
    });
    expect(await failure(fails)).toMatchObject({ code: 'OAUTH_UNREACHABLE' });
    expect(await renew(new RefreshTokens(options(store)), 'first')).toBe('first');
    const stop = AbortSignal.abort();
    let used = false;
    const never2 = tokens.with({ refreshToken: 'first', key }, stop, async () => {
      used = true;
      return granted();
    });
    expect(await failure(never2)).toMatchObject({ code: 'ABORTED' });
    expect(used).toBe(false);
  });
});
