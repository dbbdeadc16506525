import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { freePorts } from '../support/free-port.ts';
import { chart } from './chart.ts';
import { eventually } from './eventually.ts';

/** What is scraped: `job` and `pod` as the PodMonitors would label it, and the address of its metrics. */
export interface Target {
  readonly job: string;
  readonly pod: string;
  readonly address: string;
}

export interface Prometheus {
  /** Series of an instant query; throws with Prometheus' own words when it is wrong. */
  query(
    expr: string,
  ): Promise<readonly { readonly metric: Readonly<Record<string, string>>; readonly value: number }[]>;
  /** Health of each rule of the chart, by alert. */
  rules(): Promise<readonly { readonly name: string; readonly health: string; readonly state: string }[]>;
  stop(): Promise<void>;
}

/** A real Prometheus on loopback that scrapes each second and knows the chart's alerts. */
export async function startPrometheus(targets: readonly Target[]): Promise<Prometheus> {
  const directory = mkdtempSync(join(tmpdir(), 'mailmill-prometheus-'));
  cpSync(join(chart, 'files/alerts.yaml'), join(directory, 'alerts.yaml'));
  const configuration = {
    global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
    rule_files: ['alerts.yaml'],
    scrape_configs: [
      {
        job_name: 'mailmill',
        honor_labels: true,
        static_configs: targets.map(({ job, pod, address }) => ({ targets: [address], labels: { job, pod } })),
      },
    ],
  };
  writeFileSync(join(directory, 'prometheus.yml'), dump(configuration));
  const [port] = await freePorts(1);
  const address = `127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const ask = async (path: string): Promise<unknown> => {
    const response = await fetch(`http://${address}${path}`);
    const body = (await response.json()) as {
      readonly status: string;
      readonly error?: string;
      readonly data: unknown;
    };
    if (body.status !== 'success') throw new Error(`prometheus: ${body.error}`);
    return body.data;
  };
  await eventually('Prometheus answers', () => ask('/api/v1/status/buildinfo'));
  return {
    async query(expr) {
      const { result } = (await ask(`/api/v1/query?query=${encodeURIComponent(expr)}`)) as {
        readonly result: readonly {
          readonly metric: Record<string, string>;
          readonly value: readonly [number, string];
        }[];
      };
      return result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
    },
    async rules() {
      const { groups } = (await ask('/api/v1/rules')) as {
        readonly groups: readonly {
          readonly rules: readonly { readonly name: string; readonly health: string; readonly state: string }[];
        }[];
      };
      return groups.flatMap(({ rules }) => rules);
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
