import { createServer, type Server } from 'node:http';
import type { PipelineStatus, WorkerStatus } from '../../../src/api/worker-status.ts';
import type { Keys } from '../../../src/operator/keys.ts';

/** What a stub worker answers for; the key of a pipeline is `namespace/name`. */
export interface StubPipeline {
  readonly namespace: string;
  readonly name: string;
  readonly source: string;
  readonly sinks: readonly string[];
}

/** One server on port 8080 of every loopback address: a healthy worker to each who has its pipeline's token. */
export interface StubWorkers {
  add(pipeline: StubPipeline): void;
  /** Pipelines that were asked for since `forgetAsked`, as `namespace/name`. */
  readonly asked: ReadonlySet<string>;
  forgetAsked(): void;
  stop(): Promise<void>;
}

const startedAt = new Date().toISOString();
const well = { ok: true, since: startedAt };

const statusOf = ({ namespace, name, source, sinks }: StubPipeline): PipelineStatus => ({
  namespace,
  pipeline: name,
  revision: '',
  ready: true,
  store: well,
  sinks: sinks.map((sink) => ({ ...well, name: sink })),
  accounts: [
    {
      source,
      account: 0,
      role: 'Holder',
      connection: well,
      folders: [{ name: 'INBOX', state: 'Live', checkedAt: new Date().toISOString(), lagMessages: 0, lagSeconds: 0 }],
    },
  ],
  counters: { read: 0, delivered: 0, dropped: 0, dead: 0 },
  runs: [],
});

export async function startStubWorkers(keys: Keys, port = 8080): Promise<StubWorkers> {
  const pipelines = new Map<string, StubPipeline>();
  const asked = new Set<string>();
  const server: Server = createServer((request, response) => {
    const pipeline = pipelines.get(request.headers.authorization?.slice('Bearer '.length) ?? '');
    if (pipeline === undefined || request.url !== '/status') {
      response.writeHead(pipeline === undefined ? 401 : 404).end();
      return;
    }
    asked.add(`${pipeline.namespace}/${pipeline.name}`);
    const status: WorkerStatus = { version: 1, worker: pipeline.name, startedAt, pipelines: [statusOf(pipeline)] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(status));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '0.0.0.0', backlog: 1024 }, resolve);
  });
  return {
    asked,
    add: (pipeline) => void pipelines.set(keys.token(pipeline.namespace, pipeline.name), pipeline),
    forgetAsked: () => asked.clear(),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
