import { Writable } from 'node:stream';
import type { PluginContext } from '../../../src/commands/kubectl/context.ts';
import { createClient } from '../../../src/kubernetes/client.ts';
import { systemClock } from '../../../src/kubernetes/clock.ts';
import { createStreams } from '../../../src/kubernetes/streams.ts';
import { type Answer, startScriptedServer } from '../../kubernetes/scripted-server.ts';

/** Answers by method and path; the rest is 404. */
export type Routes = Readonly<Record<string, (answer: Answer) => void>>;

function collector() {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      chunks.push(chunk);
      done();
    },
  });
  const bytes = () => Buffer.concat(chunks);
  return { stream, bytes, text: () => bytes().toString() };
}

/** A plugin that talks to a scripted API server; sleeps end at once. */
export async function pluginOf(routes: Routes) {
  const server = await startScriptedServer((answer) => {
    const { method, path } = answer.asked;
    const route = routes[`${method} ${path}`];
    if (route) route(answer);
    else answer.json(404, { kind: 'Status', code: 404, reason: 'NotFound', message: `no ${method} ${path}` });
  });
  const client = createClient(server.access);
  const streams = createStreams(server.access);
  const [stdout, stderr] = [collector(), collector()];
  let slept = 0;
  const context: PluginContext = {
    client,
    streams,
    clock: {
      now: () => Date.parse('2026-11-21T12:00:00Z'),
      monotonic: () => slept,
      sleep: async (ms) => {
        slept += ms;
        await systemClock.sleep(1, new AbortController().signal);
      },
    },
    random: () => 0,
    namespace: 'shop',
    io: { stdout: stdout.stream, stderr: stderr.stream, env: {}, signal: new AbortController().signal },
  };
  return {
    context,
    server,
    stdout: stdout.text,
    stdoutBytes: stdout.bytes,
    stderr: stderr.text,
    asked: () => server.asked.map(({ method, path }) => `${method} ${path}`),
    close: async () => {
      client.close();
      streams.close();
      await server.close();
    },
  };
}

export const items = (...all: readonly object[]) => ({ metadata: { resourceVersion: '1' }, items: all });

export const meta = (name: string, more: object = {}) => ({
  ...{ name, namespace: 'shop', uid: `uid-${name}`, resourceVersion: '1', creationTimestamp: '2026-11-21T11:00:00Z' },
  ...more,
});

export const ready = (status: string, reason: string, message: string) => ({
  ...{ type: 'Ready', status, reason, message, lastTransitionTime: '2026-11-21T11:00:00Z' },
});

/** The Deployment of the pipeline `orders` as the operator makes it. */
export const deployment = {
  metadata: meta('orders'),
  spec: {
    selector: {},
    template: {
      metadata: {
        labels: {
          'app.kubernetes.io/managed-by': 'mailmill',
          ...{ 'mailmill.io/pipeline': 'orders', 'mailmill.io/role': 'stream', 'mailmill.io/revision': 'abc' },
        },
        annotations: { 'mailmill.io/secrets-hash': 'x' },
      },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true },
        imagePullSecrets: [{ name: 'pull' }],
        containers: [
          {
            name: 'worker',
            image: 'mailmill:1',
            args: ['worker', '--revision', '/etc/mailmill/revision.json'],
            env: [
              { name: 'MAILMILL_SECRETS', value: '/var/run/mailmill/secrets' },
              { name: 'MAILMILL_STATUS_TOKEN_SHA256', value: 'f00' },
            ],
            ports: [{ name: 'http', containerPort: 8080 }],
            livenessProbe: { httpGet: { path: '/healthz', port: 'http' } },
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
            volumeMounts: [
              { name: 'revision', mountPath: '/etc/mailmill' },
              { name: 'secrets', mountPath: '/var/run/mailmill/secrets' },
              { name: 'tmp', mountPath: '/tmp' },
            ],
          },
        ],
        volumes: [
          { name: 'revision', configMap: { name: 'orders-abc' } },
          { name: 'secrets', projected: { sources: [] } },
          { name: 'tmp', emptyDir: {} },
        ],
      },
    },
  },
} as const;
