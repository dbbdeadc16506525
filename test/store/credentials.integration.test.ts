import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { credentialStore } from '../../src/store/credentials.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { openStore } from './fixture.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(async () => {
  await postgres?.stop();
});

test('a credential is renewed by one holder at a time, until it lets go or its time is over', async () => {
  const { database } = await openStore(postgres);
  const store = credentialStore(database, 'ns');
  const key = { source: 'mail', account: 'anna', secretHash: randomBytes(32) };
  const [one, two] = [randomUUID(), randomUUID()];
  expect(await store.claim(key, one, 60_000)).toEqual({});
  expect(await store.claim(key, two, 60_000)).toBeUndefined();
  expect(await store.claim(key, one, 60_000)).toEqual({});
  expect(await store.save(key, one, Buffer.from('ours'), undefined)).toBe(true);
  expect(await store.save(key, two, Buffer.from('theirs'), undefined)).toBe(false);
  await store.release(key, two);
  expect(await store.claim(key, two, 60_000)).toBeUndefined();
  await store.release(key, one);
  expect(await store.claim(key, two, 0)).toEqual({ sealed: Buffer.from('ours') });
  expect(await store.claim(key, one, 60_000)).toEqual({ sealed: Buffer.from('ours') });
  // Whoever was overtaken keeps what the provider gave, unless somebody else has: it takes nothing else any more.
  const ours = Buffer.from('ours');
  expect(await store.save(key, two, Buffer.from('late'), ours)).toBe(true);
  expect(await store.save(key, two, Buffer.from('too late'), ours)).toBe(false);
  expect(await store.claim(key, one, 60_000)).toEqual({ sealed: Buffer.from('late') });

  const others = [
    { ...key, secretHash: randomBytes(32) },
    { ...key, account: 'bertha' },
  ];
  for (const other of others) expect(await store.claim(other, two, 60_000)).toEqual({});
  expect(await credentialStore(database, 'elsewhere').claim(key, two, 60_000)).toEqual({});
  await database.close();
});

test('what belonged to former values of a Secret goes after a month', async () => {
  const { database } = await openStore(postgres);
  const store = credentialStore(database, 'ns');
  const holder = randomUUID();
  const keyOf = (account: string) => ({ source: 'mail', account, secretHash: randomBytes(32) });
  const [former, recent, other, current] = [keyOf('anna'), keyOf('anna'), keyOf('bertha'), keyOf('anna')];
  for (const key of [former, recent, other, current]) {
    await store.claim(key, holder, 60_000);
    await store.save(key, holder, Buffer.from('x'), undefined);
    await store.release(key, holder);
  }
  const old = `UPDATE mailmill.credential SET updated_at = now() - interval '31 days' WHERE secret_hash = ANY($1)`;
  await database.query(old, [[former.secretHash, other.secretHash]]);
  await store.claim(current, holder, 60_000);
  await store.save(current, holder, Buffer.from('y'), undefined);
  const left = await database.query<{ secret_hash: Buffer }>('SELECT secret_hash FROM mailmill.credential');
  const hashes = left.map((row) => row.secret_hash.toString('hex')).sort();
  expect(hashes).toEqual([recent, other, current].map((key) => key.secretHash.toString('hex')).sort());
  await database.close();
});
