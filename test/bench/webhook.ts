import { randomUUID } from 'node:crypto';
import { Worker } from 'node:worker_threads';
import { Registry } from 'prom-client';
import { Outbox } from '../../src/pipeline/outbox/outbox.ts';
import { packed } from '../../src/pipeline/outbox/outbox-payload.ts';
import type { Revision } from '../../src/pipeline/revision/revision.ts';
import { PipelineHealth } from '../../src/pipeline/worker/health.ts';
import { Database } from '../../src/store/database.ts';
import { registerWorker } from '../../src/store/leases.ts';
import { migrate } from '../../src/store/migrate.ts';
import { accountId, pipelineId } from '../../src/store/names.ts';
import { enqueue, type QueuedDocument } from '../../src/store/outbox.ts';
import { ensurePartitions } from '../../src/store/partitions.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { workerMetrics } from '../../src/telemetry/metrics.ts';
import { takeLease } from '../store/fixture.ts';
import { spamAssassin } from '../support/corpus.ts';
import { startPostgres } from '../support/postgres.ts';
import { median, round } from './statistics.ts';

/** A receiver on a thread of its own that reads everything and answers 204. */
const receiver = `
const { parentPort } = require('node:worker_threads');
const server = require('node:http').createServer((request, response) => {
  request.resume();
  request.on('end', () => response.writeHead(204).end());
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

const commitRows = 500;

/** Fills a queue with a corpus in raw mode and empties it; a JSON line for each number of requests at the same time. */
export async function webhookBench(runs: number): Promise<void> {
  const thread = new Worker(receiver, { eval: true });
  const port = await new Promise<number>((resolve) => thread.once('message', resolve));
  const postgres = await startPostgres();
  try {
    for (const concurrency of [1, 8, 32]) {
      const results: Measured[] = [];
      for (let run = 0; run < runs; run++)
        results.push(await measure(await postgres.createDatabase(), port, concurrency));
      const of = (pick: (result: Measured) => number) => median(results.map(pick));
      process.stdout.write(
        `${JSON.stringify({
          name: 'webhook',
          concurrency,
          deliveries: results[0]!.deliveries,
          deliveriesPerSecond: round(
            of((r) => r.deliveries / r.seconds),
            0,
          ),
          deliveriesPerCpuSecond: round(
            of((r) => r.deliveries / r.cpuSeconds),
            0,
          ),
          queuedPerSecond: round(
            of((r) => r.deliveries / r.queueSeconds),
            0,
          ),
        })}\n`,
      );
    }
  } finally {
    await postgres.stop();
    await thread.terminate();
  }
}

interface Measured {
  readonly deliveries: number;
  readonly queueSeconds: number;
  readonly seconds: number;
  /** Of this process: sender and receiver. */
  readonly cpuSeconds: number;
}

async function measure(uri: string, port: number, concurrency: number): Promise<Measured> {
  const database = new Database({ uri, max: 2, applicationName: 'bench' });
  const stop = new AbortController();
  try {
    await migrate(database);
    await ensurePartitions(database);
    const workerId = randomUUID();
    await registerWorker(database, workerId, 'bench');
    const pipeline = await pipelineId(database, 'bench', 'mail', 86_400_000);
    const lease = await takeLease(database, pipeline, await accountId(database, 'bench', 'in', 'ann'), workerId);
    if (!lease) throw new Error('no lease');
    const documents: QueuedDocument[] = [];
    const queued = performance.now();
    for (const raw of spamAssassin())
      documents.push({
        documentId: randomUUID(),
        edition: 1,
        receivedAt: new Date(0),
        size: raw.length,
        json: undefined,
        raw: await packed(raw),
      });
    const origin = { source: 'in', account: 'ann', folder: 'INBOX' };
    for (let at = 0; at < documents.length; at += commitRows)
      await database.transaction((client) =>
        enqueue(client, lease, origin, { json: [], raw: ['hook'] }, documents.slice(at, at + commitRows)),
      );
    const queueSeconds = (performance.now() - queued) / 1000;
    const webhook = { url: `http://127.0.0.1:${port}/`, mode: 'Raw' as const, concurrency };
    const revision: Revision = {
      ...{ version: 1, namespace: 'bench', pipeline: 'mail', hash: '0', sources: [], steps: [], retention: '90d' },
      sinks: [{ name: 'hook', webhook, retry: {}, queue: {} }],
      storeRef: { name: 'store', key: 'uri' },
    };
    const clock = () => new Date();
    const outbox = await Outbox.open({
      ...{ revision, pipelineId: pipeline, workerId, database, clock, hardStop: stop.signal, once: true },
      secret: () => Promise.reject(new Error('no Secret')),
      health: new PipelineHealth(['hook'], clock),
      metrics: workerMetrics(new Registry()),
      log: silentLogger,
      fresh: () => true,
    });
    const cpu = process.cpuUsage();
    const started = performance.now();
    const sending = outbox!.run(stop.signal);
    await outbox!.finish();
    await sending;
    const seconds = (performance.now() - started) / 1000;
    const used = process.cpuUsage(cpu);
    outbox!.close();
    return { deliveries: documents.length, queueSeconds, seconds, cpuSeconds: (used.user + used.system) / 1e6 };
  } finally {
    stop.abort();
    await database.close();
  }
}
