import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { spamAssassin, writeMaildir } from '../support/corpus.ts';
import { eventually, throughout } from './eventually.ts';
import { imapSource, pipeline, pipelineRun, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-delivery';
const messages = 6046;

/** Kinds that belong to us or that the operator makes. */
const children = 'deployments,replicasets,cronjobs,jobs,pods,configmaps,networkpolicies,poddisruptionbudgets';

/** Fields of real messages of the corpus, read off the files by hand. */
const samples = [
  {
    message_id: '13258.1030015585@munnari.OZ.AU',
    subject: 'Re: New Sequences Window',
    from: { name: 'Robert Elz', address: 'kre@munnari.OZ.AU' },
    date: '2002-08-22T11:26:25Z',
    text: 'Ftoc_PickMsgs {{1 hit}}',
  },
  {
    message_id: '3D64E94E.8060301@ee.ed.ac.uk',
    subject: 'Re: [zzzzteana] Nothing like mama used to make',
    from: { name: 'Stewart Smith', address: 'Stewart.Smith@ee.ed.ac.uk' },
    date: '2002-08-22T13:38:22Z',
    text: 'supposed to use instead of cream?',
  },
  {
    message_id: '4112-22002612418718720@p7q1e',
    subject: 'The ISO17799 Newsletter - Issue 4',
    from: { name: 'The ISO17799 Newsletter', address: 'iso17799@securityrisk.co.uk' },
    date: '2002-06-24T18:07:18Z',
    text: 'ISO17799',
  },
];

let world: World;

beforeAll(async () => {
  world = await startWorld(tenant);
  const { cluster, dovecot } = world;
  writeMaildir(dovecot.mailDir('support'), spamAssassin());
  await dovecot.setPassword('support', 'first-password');
  await dovecot.adopt('support');
  await cluster.apply(secret(tenant, 'support-login', { username: 'support', password: 'first-password' }));
  await cluster.apply(
    imapSource(tenant, 'support', dovecot),
    pipeline(tenant, 'stream', 'support', 'emails', {
      steps: [{ name: 'mark', set: { answer: 'subject.startsWith("Re:")' } }],
    }),
    pipeline(tenant, 'nightly', 'support', 'nightly', { schedule: '* * * * *' }),
  );
});

afterAll(() => world?.close());

/** Delivers a message that nobody else sends and returns its subject. */
let sent = 0;
function deliver(): string {
  const subject = `end to end ${++sent}`;
  const raw = `From: a@example.org\r\nTo: b@example.org\r\nSubject: ${subject}\r\nMessage-ID: <e2e-${sent}@example.org>\r\n\r\nhello\r\n`;
  world.dovecot.deliver('support', 'INBOX', raw);
  return subject;
}

async function arrives(table: string, subject: string, seconds: number): Promise<void> {
  await eventually(
    `${subject} is a row of ${table}`,
    async () => {
      const rows = await world.query(`SELECT subject FROM ${table} WHERE subject = $1`, subject);
      expect(rows).toHaveLength(1);
    },
    { seconds, everyMs: 100 },
  );
}

describe('a streaming and a scheduled pipeline on one source', () => {
  test('every message of the mailbox becomes exactly one row', async () => {
    await world.ready('stream', 90);
    await eventually('all rows', async () => expect(await world.count('emails')).toBe(messages), { seconds: 120 });

    const rows = await world.query('SELECT _mailmill_id::text AS id, raw_sha256 FROM emails');
    const occurrences = await world.queryStore(
      `SELECT o.uid::int AS uid, o.message_id::text AS id FROM mailmill.occurrence o ORDER BY o.uid`,
    );
    expect(occurrences.map(({ uid }) => uid)).toEqual(Array.from({ length: messages }, (_, i) => i + 1));
    expect(rows.map(({ id }) => id).sort()).toEqual(occurrences.map(({ id }) => id).sort());

    const sha256 = (raw: Buffer) => createHash('sha256').update(raw).digest('hex');
    expect(rows.map(({ raw_sha256 }) => raw_sha256).sort()).toEqual([...spamAssassin()].map(sha256).sort());
  });

  test.each(samples)('the row of $message_id says what the message says', async (sample) => {
    const rows = await world.query(
      `SELECT subject, answer, "from", to_char(date AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS date, text, folder
       FROM emails WHERE message_id = $1`,
      sample.message_id,
    );
    expect(rows).toEqual([
      {
        subject: sample.subject,
        answer: sample.subject.startsWith('Re:'),
        from: expect.objectContaining(sample.from),
        date: sample.date,
        text: expect.stringContaining(sample.text),
        folder: 'INBOX',
      },
    ]);
  });

  test('pods are of the restricted level and have no token of the API server', async () => {
    const pods = await world.cluster.list(tenant, 'pods', 'app.kubernetes.io/managed-by=mailmill');
    expect(pods.length).toBeGreaterThan(0);
    for (const { spec } of pods) {
      expect(spec.automountServiceAccountToken).toBe(false);
      const paths = spec.containers.flatMap((c: { volumeMounts?: { mountPath: string }[] }) => c.volumeMounts ?? []);
      expect(paths.map(({ mountPath }: { mountPath: string }) => mountPath)).not.toContain(
        '/var/run/secrets/kubernetes.io/serviceaccount',
      );
    }
  });

  test('a new message is a row within 5 s', async () => {
    for (let i = 0; i < 3; i++) await arrives('emails', deliver(), 5);
  });

  test('a run on demand completes once the mailbox was checked', async () => {
    await world.cluster.apply(pipelineRun(tenant, 'now', 'stream'));
    await eventually('the run succeeded', async () => {
      const run = await world.cluster.get(tenant, 'emailpipelinerun/now');
      expect(run.status).toMatchObject({ state: 'Succeeded' });
    });
  });
});

describe('scaling and suspending', () => {
  test('a standby takes over when the holder is killed, by kill -9 and by its pod', async () => {
    const { cluster } = world;
    await cluster.kubectl(['-n', tenant, 'scale', 'emailpipeline/stream', '--replicas=2']);
    await eventually(
      'two ready workers',
      async () => {
        const workers = await world.workers('stream');
        expect(workers.map(({ ready }) => ready)).toEqual([true, true]);
      },
      { seconds: 60 },
    );
    const killed = await holderOf('stream');
    await cluster.kill(tenant, killed);
    // The process comes back at once; the lease is whose word the store takes.
    await arrives('emails', deliver(), 40);
    const removed = await holderOf('stream');
    await cluster.kubectl(['-n', tenant, 'delete', 'pod', removed, '--grace-period=0', '--force']);
    await arrives('emails', deliver(), 40);
    expect(await holderOf('stream')).not.toBe(removed);
    await cluster.kubectl(['-n', tenant, 'scale', 'emailpipeline/stream', '--replicas=1']);
    await eventually('one worker', async () => expect(await world.workers('stream')).toHaveLength(1), { seconds: 60 });
    await noDoubles();
  });

  test('a suspended pipeline has no workers, and resumes where it was', async () => {
    const suspend = (value: boolean) =>
      world.cluster.kubectl([
        ...['-n', tenant, 'patch', 'emailpipeline/stream', '--type=merge'],
        ...['-p', JSON.stringify({ spec: { suspend: value } })],
      ]);
    await suspend(true);
    // True only once the last worker has ended what it was at.
    await world.ready('stream', 90);
    expect(await world.workers('stream')).toEqual([]);
    const before = await world.count('emails');
    const subject = deliver();
    await throughout(5, async () => expect(await world.count('emails')).toBe(before));
    await suspend(false);
    await arrives('emails', subject, 60);
    await noDoubles();
  });
});

describe('on a schedule, and at rest', () => {
  test('the CronJob has run by now, and delivered the same mail to its own table', async () => {
    await eventually(
      'a successful run',
      async () => {
        const object = await world.cluster.get(tenant, 'emailpipeline/nightly');
        expect(object.status?.lastRun).toMatchObject({ state: 'Succeeded' });
      },
      { seconds: 90 },
    );
    const [rows] = await world.query(
      `SELECT count(*) FILTER (WHERE coalesce(subject, '') NOT LIKE 'end to end %')::int AS corpus,
              count(*) = count(DISTINCT _mailmill_id) AS once FROM nightly`,
    );
    expect(rows).toEqual({ corpus: messages, once: true });
    const runs = await world.queryStore(
      `SELECT max(r.delivered)::int AS most, count(*) FILTER (WHERE r.state = 'Failed')::int AS failed
       FROM mailmill.run r JOIN mailmill.pipeline p ON p.id = r.pipeline_id WHERE p.name = 'nightly'`,
    );
    expect(runs[0]).toMatchObject({ failed: 0 });
    expect(runs[0]?.most).toBeGreaterThanOrEqual(messages);
    const shared =
      (await world.condition('mailboxsource/support', 'SharedWithoutArchive')) ??
      (await world.condition('emailpipeline/stream', 'SharedWithoutArchive'));
    expect(shared).toMatchObject({ status: 'True', message: expect.stringMatching(/nightly/) });
  });

  test('the operator is silent when nothing changes', async () => {
    const audit = world.cluster.auditLog();
    if (audit === undefined) return; // a cluster that is not ours keeps its log to itself
    const writes = () =>
      (world.cluster.auditLog() ?? []).filter(
        ({ user, verb, objectRef }) =>
          user.username === 'system:serviceaccount:mailmill-system:mailmill-operator' &&
          !['get', 'list', 'watch'].includes(verb) &&
          objectRef?.resource !== 'leases' &&
          objectRef?.name !== 'nightly', // its CronJob runs every minute
      );
    await world.cluster.kubectl([
      ...['-n', tenant, 'patch', 'emailpipeline/nightly', '--type=merge'],
      ...['-p', '{"spec":{"suspend":true}}'],
    ]);
    await world.ready('nightly');
    await world.ready('stream');
    let before = writes().length;
    // The last answer to a change may still come; then 15 s without one must follow.
    await eventually(
      'no write in 15 s',
      async () => {
        before = writes().length;
        await throughout(15, async () => expect(writes().slice(before)).toEqual([]));
      },
      { seconds: 60 },
    );
  });
});

describe('deleting and recreating', () => {
  test('nothing of ours stays behind', async () => {
    const { cluster } = world;
    await cluster.kubectl([
      ...['-n', tenant, 'delete', 'emailpipelineruns,emailpipelines,mailboxsources', '--all', '--wait'],
    ]);
    await eventually(
      'no object of ours',
      async () => {
        const left = await cluster.list(tenant, children);
        const ours = left.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
        expect(ours.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([]);
      },
      { seconds: 90 },
    );
  });

  test('the same resources resume without doubling', async () => {
    const { cluster, dovecot } = world;
    const before = await world.count('emails');
    const missed = deliver();
    await cluster.apply(
      imapSource(tenant, 'support', dovecot),
      pipeline(tenant, 'stream', 'support', 'emails', {
        steps: [{ name: 'mark', set: { answer: 'subject.startsWith("Re:")' } }],
      }),
    );
    await world.ready('stream');
    await arrives('emails', missed, 60);
    expect(await world.count('emails')).toBe(before + 1);
    await noDoubles();
  });
});

/** Name of the pod that holds the lease of the pipeline's account, as the store has it. */
async function holderOf(name: string): Promise<string> {
  return eventually('somebody holds the lease', async () => {
    const rows = await world.queryStore(
      `SELECT w.name FROM mailmill.lease l JOIN mailmill.pipeline p ON p.id = l.pipeline_id
       JOIN mailmill.worker w ON w.id = l.worker_id WHERE p.namespace = $1 AND p.name = $2 AND w.expires_at > now()`,
      tenant,
      name,
    );
    expect(rows).toHaveLength(1);
    return String(rows[0]?.name);
  });
}

async function noDoubles(): Promise<void> {
  const rows = await world.query(
    'SELECT count(*)::int AS n, count(DISTINCT _mailmill_id)::int AS ids, count(DISTINCT (subject, raw_sha256)) FILTER (WHERE subject LIKE $1)::int AS sent FROM emails',
    'end to end %',
  );
  expect(rows[0]).toEqual({ n: messages + sent, ids: messages + sent, sent });
}
