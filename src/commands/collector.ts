import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { Collector } from '../pipeline/collector/collector.ts';
import type { CollectorRevision } from '../pipeline/collector/revision.ts';
import { Heartbeat } from '../pipeline/worker/heartbeat.ts';
import { collectorMetrics } from '../telemetry/collector-metrics.ts';
import { asMailmillError, exitCodes, stackOf, stalled } from '../telemetry/errors.ts';
import { createLogger } from '../telemetry/log.ts';
import { collectProcessMetrics, Registry } from '../telemetry/prometheus.ts';
import type { Command } from './command.ts';
import { placeOf, secretsDirectory } from './place.ts';
import { secretFiles } from './secret-files.ts';

const usage = `usage: mailmill collector --source FILE [--pod]

Takes the mail of an smtp or http source in and keeps it in the store; the operator starts it. Runs until it is told to end; then it takes
no new connections, and messages that are under way are kept and answered. Any number of collectors of one source may run at once.

  --source FILE      compiled source as JSON (the operator's ConfigMap, key source.json)
  --pod              of a pod: named as its host is, and listening on all its addresses

Environment: MAILMILL_SECRETS (directory of <secret>/<key> files; read again every 30 s), MAILMILL_LISTEN_HOST (address of the listener,
127.0.0.1), MAILMILL_HTTP_HOST, MAILMILL_HTTP_PORT (/healthz, /readyz, /metrics, /status), MAILMILL_STATUS_TOKEN_SHA256, MAILMILL_WORKER,
MAILMILL_BUDGET_BYTES (mail that is coming in, 134217728), MAILMILL_GRACE_SECONDS (25), MAILMILL_LOG_LEVEL.`;

async function readRevision(file: string): Promise<CollectorRevision> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as CollectorRevision; // written by the operator's own compiler
  } catch (error) {
    throw stalled('REVISION_UNREADABLE', `${file} is no compiled source; it is the ConfigMap that the operator makes`, {
      cause: error,
    });
  }
}

export const command: Command = {
  name: 'collector',
  summary: 'take the mail of an smtp or http source in (the operator starts it)',
  usage,
  async run(args, io) {
    const { values } = parseArgs({
      args: [...args],
      options: { source: { type: 'string' }, pod: { type: 'boolean' } },
    });
    if (values.source === undefined) {
      io.stderr.write(`${usage}\n`);
      return 2;
    }
    const logger = createLogger({ stream: io.stdout, level: io.env.MAILMILL_LOG_LEVEL === 'debug' ? 'debug' : 'info' });
    try {
      const revision = await readRevision(values.source);
      const { namespace, source, hash } = revision;
      const log = logger.with({ namespace, source, revision: hash });
      const secret = secretFiles(secretsDirectory(io.env));
      const registry = new Registry();
      await collectProcessMetrics(registry);
      const { name, http, listenHost } = placeOf(io.env, values.pod);
      const collector = new Collector({
        revision,
        name,
        storeUri: await secret(revision.storeRef.name, revision.storeRef.key),
        secret,
        host: listenHost,
        metrics: collectorMetrics(registry),
        log,
        clock: () => new Date(),
        budgetBytes: Number(io.env.MAILMILL_BUDGET_BYTES ?? 128 * 2 ** 20),
        graceMs: Number(io.env.MAILMILL_GRACE_SECONDS ?? 25) * 1000,
      });
      const failed = new AbortController();
      const probes = new Heartbeat({
        storeUri: undefined,
        workerId: '',
        workerName: name,
        http,
        answers: {
          metrics: async () => {
            collector.measure();
            return registry.metrics();
          },
          status: () => JSON.stringify(collector.status()),
          ready: () => collector.ready,
          run: () => undefined, // runs are for pipelines
        },
        onWanted: () => undefined,
        onDied: (error) => failed.abort(error),
      });
      log.info('collector started', {});
      try {
        await probes.started;
        await collector.run(AbortSignal.any([io.signal, failed.signal]));
      } finally {
        await probes.stop();
      }
      failed.signal.throwIfAborted();
      return 0;
    } catch (thrown) {
      const error = asMailmillError(thrown);
      logger.error(error.message, {
        code: error.code,
        family: error.family,
        ...stackOf(error),
      });
      return exitCodes[error.family];
    }
  },
};
