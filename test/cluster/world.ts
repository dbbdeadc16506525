import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type Dovecot, startDovecot } from '../support/dovecot.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type InstallOptions, installChart, uninstallChart } from './chart.ts';
import { eventually } from './eventually.ts';
import { type Cluster, startCluster } from './harness.ts';
import { namespace, secret } from './resources.ts';

/** A cluster with the operator installed, a tenant namespace with its Secrets, a mail server and databases. */
export interface World {
  readonly cluster: Cluster;
  readonly namespace: string;
  readonly dovecot: Dovecot;
  readonly postgres: Postgres;
  /** Rows of a query on the sink's database. */
  query(sql: string, ...values: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Rows of a query on the store's database. */
  queryStore(sql: string, ...values: readonly unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Count of rows of a table; 0 while there is no such table. */
  count(table: string): Promise<number>;
  /** A condition of a resource (`emailpipeline/name`), or undefined. */
  condition(what: string, type: string): Promise<Condition | undefined>;
  /** Waits until a pipeline's Ready speaks of its newest generation and is True. */
  ready(pipeline: string, seconds?: number): Promise<void>;
  /** Workers that exist and are not ending. */
  workers(pipeline: string): Promise<readonly WorkerPod[]>;
  close(): Promise<void>;
}

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
  readonly observedGeneration?: number;
}

export interface WorkerPod {
  readonly name: string;
  readonly ready: boolean;
  readonly revision: string | undefined;
}

/** PostgreSQL for pods: connections from every address, with a password. */
async function databases(host: string): Promise<{ postgres: Postgres; release: () => void }> {
  const directory = mkdtempSync(join(tmpdir(), 'mailmill-hba-'));
  chmodSync(directory, 0o755);
  const file = join(directory, 'pg_hba.conf');
  writeFileSync(file, 'host all all 0.0.0.0/0 password\n', { mode: 0o644 });
  const postgres = await startPostgres({ host, settings: [`hba_file=${file}`] });
  await postgres.createDatabase('store');
  await postgres.createDatabase('warehouse');
  return { postgres, release: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * Everything that a test of the whole needs. `tenant` is the namespace, made anew; the operator may read its Secrets:
 * `mailmill-store`, `warehouse` (databases) and `imap-ca` (authority of the mail server) exist. `chart: false`: the test installs it itself.
 */
export async function startWorld(
  tenant: string,
  { chart = true, ...options }: Partial<InstallOptions> & { readonly chart?: boolean } = {},
): Promise<World> {
  const cluster = await startCluster();
  const dovecot = await startDovecot({ host: cluster.host });
  const { postgres, release } = await databases(cluster.host);
  await cluster.kubectl(['delete', 'namespace', tenant, '--ignore-not-found', '--wait']);
  await cluster.apply(namespace(tenant));
  await cluster.apply(
    secret(tenant, 'mailmill-store', { uri: postgres.url('store') }),
    secret(tenant, 'warehouse', { uri: postgres.url('warehouse') }),
    secret(tenant, 'imap-ca', { 'ca.crt': dovecot.ca }),
  );
  if (chart) await installChart(cluster, { tenants: [tenant], ...options });

  const pools = { store: pool(postgres.url('store')), warehouse: pool(postgres.url('warehouse')) };
  const query = async (which: pg.Pool, sql: string, values: readonly unknown[]) =>
    (await which.query<Record<string, unknown>>(sql, [...values])).rows;

  const world: World = {
    cluster,
    namespace: tenant,
    dovecot,
    postgres,
    query: (sql, ...values) => query(pools.warehouse, sql, values),
    queryStore: (sql, ...values) => query(pools.store, sql, values),
    async count(table) {
      const found = await query(pools.warehouse, 'SELECT to_regclass($1) IS NOT NULL AS there', [table]);
      if (found[0]?.there !== true) return 0;
      const rows = await query(pools.warehouse, `SELECT count(*)::int AS n FROM ${pg.escapeIdentifier(table)}`, []);
      return Number(rows[0]?.n);
    },
    async condition(what, type) {
      const object = await cluster.find(tenant, what);
      const conditions: readonly Condition[] = object?.status?.conditions ?? [];
      return conditions.find((condition) => condition.type === type);
    },
    async ready(pipeline, seconds = 60) {
      await eventually(
        `${pipeline} is Ready`,
        async () => {
          const object = await cluster.get(tenant, `emailpipeline/${pipeline}`);
          const conditions: readonly Condition[] = object.status?.conditions ?? [];
          const ready = conditions.find(({ type }) => type === 'Ready');
          if (ready?.status === 'True' && ready.observedGeneration === object.metadata.generation) return;
          throw new Error(JSON.stringify(conditions));
        },
        { seconds },
      );
    },
    async workers(pipeline) {
      const pods = await cluster.list(tenant, 'pods', `mailmill.io/pipeline=${pipeline}`);
      return pods
        .filter((pod) => !pod.metadata.deletionTimestamp && pod.metadata.ownerReferences?.[0]?.kind === 'ReplicaSet')
        .map((pod) => ({
          name: pod.metadata.name,
          ready: (pod.status?.conditions ?? []).some(
            (condition: Condition) => condition.type === 'Ready' && condition.status === 'True',
          ),
          revision: pod.metadata.labels?.['mailmill.io/revision'],
        }));
    },
    async close() {
      await Promise.all([pools.store.end(), pools.warehouse.end()]);
      // It goes while the next test begins in another one; whoever makes it anew waits for that.
      await cluster.kubectl(['delete', 'namespace', tenant, '--ignore-not-found', '--wait=false']);
      if (chart) await uninstallChart(cluster);
      await Promise.all([dovecot.stop(), postgres.stop()]);
      release();
    },
  };
  return world;
}

function pool(connectionString: string): pg.Pool {
  const made = new pg.Pool({ connectionString, max: 2 });
  made.on('error', () => undefined); // idle connections end when a test restarts the server
  return made;
}
