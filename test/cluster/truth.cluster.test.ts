import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from './eventually.ts';
import { imapSource, pipeline, secret } from './resources.ts';
import { type Condition, startWorld, type World } from './world.ts';

const tenant = 'e2e-truth';
let world: World;

/** A mistake, and what `kubectl describe` must say of it. */
interface Mistake {
  readonly name: string;
  readonly says: RegExp;
  /** Of Stalled, where it is known at once that only a person can mend it; else a deadline passed. */
  readonly reason?: string;
  /** Never said: it would be a secret or an address. */
  readonly hides?: RegExp;
}

const mistakes: readonly Mistake[] = [
  { name: 'store-missing', reason: 'SecretMissing', says: /nosuch-store/ },
  { name: 'store-wrong', reason: 'StoreAuthRejected', says: /STORE_[A-Z_]+/, hides: /wrong-password-of-store/ },
  { name: 'store-down', says: /STORE_[A-Z_]+/ },
  { name: 'host-wrong', says: /IMAP_[A-Z_]+/ },
  { name: 'password-wrong', reason: 'ImapAuthRejected', says: /IMAP_AUTH_REJECTED/, hides: /wrong-password-of-mail/ },
  { name: 'login-missing', reason: 'SecretMissing', says: /nosuch-login/ },
  { name: 'source-missing', reason: 'SourceMissing', says: /nosuch-source/ },
  {
    name: 'table-wrong',
    reason: 'SinkTableMismatch',
    says: /SINK_TABLE_MISMATCH[\s\S]*subject|subject[\s\S]*SINK_TABLE_MISMATCH/,
  },
  { name: 'step-wrong', reason: 'SpecInvalid', says: /steps\[0\][\s\S]*subjct|subjct/ },
];

beforeAll(async () => {
  world = await startWorld(tenant, {
    values: { 'operator.rolloutDeadlineSeconds': 20, 'operator.stallDeadlineSeconds': 20 },
  });
  const { cluster, dovecot, postgres } = world;
  await dovecot.setPassword('truth', 'right-password');
  await world.query('CREATE TABLE truth_mismatch (_mailmill_id uuid PRIMARY KEY, subject integer)');
  const wrongStore = postgres.url('store').replace(/:[^:@/]+@/, ':wrong-password-of-store@');
  await cluster.apply(
    secret(tenant, 'truth-login', { username: 'truth', password: 'right-password' }),
    secret(tenant, 'wrong-login', { username: 'truth', password: 'wrong-password-of-mail' }),
    secret(tenant, 'wrong-store', { uri: wrongStore }),
    secret(tenant, 'down-store', { uri: `postgresql://postgres:secret@${cluster.host}:9/store` }),
  );
  const login = (name: string) => ({ auth: { secretRef: { name } } });
  const store = (name: string) => ({ storeRef: { name, key: 'uri' } });
  await cluster.apply(
    imapSource(tenant, 'truth', dovecot),
    imapSource(
      tenant,
      'wrong-host',
      { host: 'nosuch.e2e-truth.svc.cluster.local', tlsPort: 993 },
      login('truth-login'),
    ),
    imapSource(tenant, 'wrong-password', dovecot, login('wrong-login')),
    imapSource(tenant, 'no-login', dovecot, login('nosuch-login')),
    pipeline(tenant, 'store-missing', 'truth', 'truth_a', store('nosuch-store')),
    pipeline(tenant, 'store-wrong', 'truth', 'truth_b', store('wrong-store')),
    pipeline(tenant, 'store-down', 'truth', 'truth_c', store('down-store')),
    pipeline(tenant, 'host-wrong', 'wrong-host', 'truth_d'),
    pipeline(tenant, 'password-wrong', 'wrong-password', 'truth_e'),
    pipeline(tenant, 'login-missing', 'no-login', 'truth_f'),
    pipeline(tenant, 'source-missing', 'nosuch-source', 'truth_g'),
    pipeline(tenant, 'table-wrong', 'truth', 'truth_mismatch'),
    pipeline(tenant, 'step-wrong', 'truth', 'truth_h', { steps: [{ name: 'typo', filter: 'subjct == "x"' }] }),
  );
});

afterAll(() => world?.close());

const describePipeline = (name: string) => world.cluster.kubectl(['-n', tenant, 'describe', `emailpipeline/${name}`]);

describe('kubectl describe tells the truth', () => {
  test.each(mistakes)('$name', async ({ name, says, hides }) => {
    await eventually(
      `describe says ${says}`,
      async () => {
        expect(await describePipeline(name)).toMatch(says);
        expect((await world.condition(`emailpipeline/${name}`, 'Ready'))?.status).not.toBe('True');
      },
      { seconds: 90 },
    );
    if (hides) expect(await describePipeline(name)).not.toMatch(hides);
  });

  test('a mistake that only a person can mend turns Stalled within the deadline', async () => {
    await Promise.all(
      mistakes.map(({ name, reason }) =>
        eventually(
          `${name} is Stalled`,
          async () => {
            const object = await world.cluster.get(tenant, `emailpipeline/${name}`);
            const conditions: readonly Condition[] = object.status?.conditions ?? [];
            const stalled = conditions.find(({ type }) => type === 'Stalled');
            expect(stalled, JSON.stringify(conditions)).toMatchObject({
              status: 'True',
              ...(reason && { reason }),
            });
            expect(stalled?.message).not.toBe('');
          },
          { seconds: 120, everyMs: 1000 },
        ),
      ),
    );
  });

  test('conditions follow when the mistake is mended', async () => {
    await world.cluster.apply(
      secret(tenant, 'nosuch-login', { username: 'truth', password: 'right-password' }),
      secret(tenant, 'nosuch-store', { uri: world.postgres.url('store') }),
      pipeline(tenant, 'step-wrong', 'truth', 'truth_h', { steps: [{ name: 'typo', filter: 'subject == "x"' }] }),
    );
    for (const name of ['login-missing', 'store-missing', 'step-wrong']) await world.ready(name, 90);
    expect((await world.condition('emailpipeline/login-missing', 'CredentialsResolved'))?.status).toBe('True');
    expect((await world.condition('emailpipeline/store-missing', 'Stalled'))?.status).not.toBe('True');
  });

  test('an outage of the mail server shows in Connected and never in Ready', async () => {
    const isConnected = async (seconds: number) =>
      eventually(
        'Connected is True',
        async () => {
          const connected = await world.condition('emailpipeline/step-wrong', 'Connected');
          expect(connected).toMatchObject({ status: 'True' });
        },
        { seconds },
      );
    await isConnected(30);
    await world.dovecot.down();
    try {
      await eventually(
        'Connected is False',
        async () => {
          const connected = await world.condition('emailpipeline/step-wrong', 'Connected');
          expect(connected).toMatchObject({ status: 'False' });
          expect(connected?.message).toMatch(/IMAP_[A-Z_]+|mail server/i);
        },
        { seconds: 60 },
      );
      expect((await world.condition('emailpipeline/step-wrong', 'Ready'))?.status).toBe('True');
    } finally {
      await world.dovecot.start();
    }
    await isConnected(90);
  });
});
