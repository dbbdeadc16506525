import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from '../support/free-port.ts';
import { type Link, startLink } from '../support/link.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/processes.ts';
import { rowCount, sql } from '../support/worker.ts';
import { pipeline, type Standalone, secret, startRun, type TestProject, testProject } from './run/standalone.ts';

let postgres: Postgres;
const cleanups: (() => Promise<void> | void)[] = [];

beforeAll(async () => {
  postgres = await startPostgres();
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});
afterAll(() => postgres?.stop());

const source = (name: string, spec: object) => ({
  apiVersion: 'mailmill.io/v1alpha1',
  kind: 'MailboxSource',
  metadata: { name },
  spec,
});

/** A `mailmill run` that can be killed and started again over the same state. */
class Node {
  readonly project: TestProject;
  readonly store: string;
  #running: Standalone | undefined;

  constructor(project: TestProject, store: string) {
    this.project = project;
    this.store = store;
    cleanups.push(async () => {
      await this.kill();
      project.remove();
    });
  }

  start(): void {
    this.#running = startRun([this.project.directory, '--store', this.store]);
  }

  async kill(): Promise<void> {
    this.#running?.kill('SIGKILL');
    await this.#running?.exited;
    this.#running = undefined;
  }

  said(): string {
    return this.#running?.stderr() ?? '';
  }

  /** The heartbeats of what was killed are too old, as they are 15 s later. */
  async expireDead(): Promise<void> {
    await sql(this.store, `UPDATE mailmill.worker SET expires_at = now() - interval '1 second'`);
  }
}

interface Edge {
  readonly site: Node;
  readonly centre: Node;
  readonly link: Link;
  readonly warehouse: string;
  deliver(from: number, to: number): void;
}

/** When the site received a message: each at another millisecond, long before the centre. */
const receivedAt = (n: number) => new Date(Date.UTC(2026, 9, 1) + n * 61_237);

/** A site with a Maildir that sends raw mail over a link to a centre, which makes rows of it. */
async function edge(): Promise<Edge> {
  const [port] = await freePorts(1);
  const link = await startLink(port!);
  cleanups.push(() => link.stop());
  const [siteStore, centreStore, warehouse] = [
    await postgres.createDatabase(),
    await postgres.createDatabase(),
    await postgres.createDatabase(),
  ];
  const centre = new Node(
    testProject([
      source('sites', { http: { port, auth: { secretRef: { name: 'site-token' } } } }),
      pipeline('from-sites', { source: { name: 'sites' } }),
      secret('warehouse', { uri: warehouse }),
      secret('site-token', { token: 'a-token-of-a-site' }),
    ]),
    centreStore,
  );
  const webhook = {
    url: `http://127.0.0.1:${link.port}/messages`,
    mode: 'Raw',
    auth: { type: 'Bearer', secretRef: { name: 'site-token' } },
    timeout: '2s',
  };
  const project = testProject([
    source('box', { maildir: { path: 'box', pollInterval: '200ms' } }),
    pipeline('to-centre', { sinks: [{ name: 'centre', webhook, retry: { backoff: '100ms', maxBackoff: '1s' } }] }),
    secret('site-token', { token: 'a-token-of-a-site' }),
  ]);
  const site = new Node(project, siteStore);
  const deliver = (from: number, to: number) => {
    for (let n = from; n < to; n++) project.deliver(`mail-${n}`, undefined, receivedAt(n));
  };
  return { site, centre, link, warehouse, deliver };
}

const arrived = ({ warehouse }: Edge, count: number) =>
  eventually(async () => (await rowCount(warehouse)).distinct >= count, 90_000);

/** Each mail is one row at the centre, received when the site received it, and nothing is left at the site. */
async function expectOnce({ site, centre, warehouse }: Edge, count: number): Promise<void> {
  await eventually(async () => {
    const left = await sql(site.store, 'SELECT FROM mailmill.outbox UNION ALL SELECT FROM mailmill.outbox_payload');
    return left.length === 0;
  }, 60_000);
  const rows = await sql(warehouse, 'SELECT subject, received_at AS at FROM emails ORDER BY received_at');
  expect(rows).toEqual(Array.from({ length: count }, (_, n) => ({ subject: `mail-${n}`, at: receivedAt(n) })));
  // The same bytes at the same time on both halves; nothing else was taken in.
  const half = (store: string, table: string) =>
    sql(store, `SELECT encode(raw_sha256, 'hex') AS bytes, received_at AS at FROM mailmill.${table} ORDER BY 2, 1`);
  const sent = await half(site.store, 'occurrence');
  expect(sent).toHaveLength(count);
  expect(await half(centre.store, 'kept_message')).toEqual(sent);
}

test('what a site receives while its link is cut is one row each once it is restored, with the time at which the site received it', async () => {
  const it = await edge();
  it.centre.start();
  it.site.start();
  it.deliver(0, 20);
  await arrived(it, 20);
  it.link.cut('refuse');
  it.deliver(20, 60);
  await eventually(async () => (await sql(it.site.store, 'SELECT FROM mailmill.outbox')).length === 40, 30_000);
  it.link.restore();
  it.deliver(60, 70);
  await arrived(it, 70);
  await expectOnce(it, 70);
});

test('an edge node stores and forwards: link cut, answers lost, site and centre killed; each mail is one row', async () => {
  const it = await edge();
  it.deliver(0, 100);
  it.centre.start();
  it.site.start();
  await arrived(it, 100);

  // The line is dead for a while, first refused, then a hole: mail is read and waits at the site.
  it.link.cut('refuse');
  it.deliver(100, 200);
  const waiting = async () => Number((await sql(it.site.store, 'SELECT count(*) AS n FROM mailmill.outbox'))[0]!.n);
  await eventually(async () => (await waiting()) >= 100, 30_000);
  it.link.cut('swallow');
  it.deliver(200, 250);
  await eventually(async () => (await waiting()) >= 150, 30_000);
  expect((await rowCount(it.warehouse)).rows).toBe(100);

  // The site is killed with a full queue, and comes back while the line is still dead.
  await it.site.kill();
  await it.site.expireDead();
  it.site.start();
  it.link.restore();
  await arrived(it, 250);

  // The centre takes the mail, and its answers get lost: they are sent again under their key.
  it.link.cutAnswersAfter(0, 10);
  it.deliver(250, 350);
  await arrived(it, 350);

  // The centre is killed in the middle, then the site as well.
  it.deliver(350, 600);
  await arrived(it, 360);
  await it.centre.kill();
  await it.centre.expireDead();
  it.deliver(600, 700);
  await it.site.kill();
  await it.site.expireDead();
  it.site.start();
  it.centre.start();
  await arrived(it, 700);
  await expectOnce(it, 700);
});
