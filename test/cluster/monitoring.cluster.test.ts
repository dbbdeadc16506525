import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeMaildir } from '../support/corpus.ts';
import { chart, operatorNamespace } from './chart.ts';
import { eventually } from './eventually.ts';
import { type Prometheus, startPrometheus, type Target } from './prometheus.ts';
import { imapSource, pipeline, secret } from './resources.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-monitoring';
let world: World;
let prometheus: Prometheus;

const mail = (subject: string) =>
  Buffer.from(`From: a@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@example.org>\r\n\r\nhello\r\n`);

async function targets(): Promise<readonly Target[]> {
  const of = async (namespace: string, selector: string, job: string) =>
    (await world.cluster.list(namespace, 'pods', selector)).flatMap(({ metadata, status }) =>
      status?.podIP ? [{ job, pod: metadata.name, address: `${status.podIP}:8080` }] : [],
    );
  return [
    ...(await of(operatorNamespace, 'app.kubernetes.io/component=operator', 'mailmill-system/mailmill-operator')),
    ...(await of(tenant, 'mailmill.io/pipeline', 'mailmill-system/mailmill-workers')),
  ];
}

beforeAll(async () => {
  world = await startWorld(tenant);
  const { cluster, dovecot } = world;
  writeMaildir(dovecot.mailDir('watched'), [mail('one'), mail('two')].values());
  await dovecot.adopt('watched');
  await cluster.apply(
    secret(tenant, 'watched-login', { username: 'watched', password: 'secret' }),
    secret(tenant, 'locked-login', { username: 'watched', password: 'wrong' }),
  );
  await cluster.apply(
    imapSource(tenant, 'watched', dovecot),
    imapSource(tenant, 'locked', dovecot),
    pipeline(tenant, 'watched', 'watched', 'watched', {
      // The figures of a comparison are there after the next minute has begun.
      reconcile: { schedule: '* * * * *' },
      // Fails on mail that says so: a dead letter.
      steps: [{ name: 'divide', set: { share: 'subject.contains("bad") ? 1 / (size - size) : 1' } }],
      sinks: [
        { name: 'warehouse', postgres: { secretRef: { name: 'warehouse' }, table: 'watched' } },
        // Nobody listens there: deliveries wait, and are tried.
        { name: 'hook', webhook: { url: 'http://127.0.0.1:9/' }, retry: { backoff: '1s', maxBackoff: '2s' } },
      ],
    }),
    pipeline(tenant, 'locked', 'locked', 'locked'),
  );
  await world.ready('watched');
  prometheus = await startPrometheus(await targets());
});

afterAll(async () => {
  await prometheus?.stop();
  await world?.close();
});

/** Mail that comes while the folder is live: the counters rise while Prometheus looks. */
let delivered = 0;
const deliver = (subject: string) => world.dovecot.deliver('watched', 'INBOX', mail(`${subject}-${delivered++}`));

test('every query of the dashboard gives data of a real run', async () => {
  const dashboard = JSON.parse(readFileSync(join(chart, 'files/dashboards/overview.json'), 'utf8')) as {
    readonly panels: readonly { readonly title: string; readonly targets?: readonly { readonly expr: string }[] }[];
  };
  const queries = dashboard.panels.flatMap(({ title, targets: asked = [] }) =>
    asked.map(({ expr }) => ({ title, expr })),
  );
  expect(queries.length).toBeGreaterThan(15);
  await eventually(
    'all panels have data',
    async () => {
      deliver('good');
      deliver('bad');
      const empty: string[] = [];
      for (const { title, expr } of queries) {
        const asked = expr
          .replaceAll('$__rate_interval', '30s')
          .replaceAll('$namespace', tenant)
          .replaceAll('$pipeline', '.*');
        const series = await prometheus.query(asked);
        if (!series.some(({ value }) => Number.isFinite(value))) empty.push(`${title}: ${asked}`);
      }
      expect(empty).toEqual([]);
    },
    { seconds: 180, everyMs: 2_000 },
  );
});

test('what can be chosen above the dashboard is what there is, a pipeline that never delivered included', async () => {
  const { templating } = JSON.parse(readFileSync(join(chart, 'files/dashboards/overview.json'), 'utf8')) as {
    readonly templating: { readonly list: readonly { readonly name: string; readonly query: { query?: string } }[] };
  };
  const offered: Record<string, readonly (string | undefined)[]> = {};
  for (const { name, query } of templating.list) {
    const [, selector, label] = /^label_values\((.+), (\w+)\)$/.exec(query.query ?? '') ?? [];
    if (selector === undefined || label === undefined) continue;
    const series = await prometheus.query(selector.replaceAll('$namespace', tenant));
    offered[name] = [...new Set(series.map(({ metric }) => metric[label]))].sort();
  }
  expect(offered).toEqual({ namespace: expect.arrayContaining([tenant]), pipeline: ['locked', 'watched'] });
});

test('the figures are those of the pipelines', async () => {
  const [dead] = await prometheus.query(`sum(mailmill_dead_letters_total{namespace="${tenant}",pipeline="watched"})`);
  const letters = await world.queryStore('SELECT count(*)::int AS n FROM mailmill.dead_letter');
  expect(dead?.value).toBeGreaterThan(0);
  expect(dead?.value).toBeLessThanOrEqual(Number(letters[0]?.n));
  const ready = await prometheus.query(`mailmill_pipeline_condition{namespace="${tenant}",type="Ready"}`);
  const byName = Object.fromEntries(ready.map(({ metric, value }) => [metric.pipeline, value]));
  expect(byName).toEqual({ watched: 1, locked: 0 });
});

test('Prometheus takes the alerts of the chart, and the login that is rejected is pending or firing', async () => {
  await eventually('rules are evaluated', async () => {
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThanOrEqual(8);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    const state = (name: string) => rules.find((rule) => rule.name === name)?.state;
    expect(['pending', 'firing']).toContain(state('MailmillAuthFailing'));
    expect(state('MailmillOperatorDown')).toBe('inactive');
  });
});
