import { zstdDecompressSync } from 'node:zlib';
import { resolveSource } from '../../src/api/resolve.ts';
import type { MailboxSource } from '../../src/api/resources.ts';
import { Collector } from '../../src/pipeline/collector/collector.ts';
import { type CollectorRevision, compileCollector } from '../../src/pipeline/collector/revision.ts';
import { collectorMetrics } from '../../src/telemetry/collector-metrics.ts';
import { stalled } from '../../src/telemetry/errors.ts';
import { silentLogger } from '../../src/telemetry/log.ts';
import { Registry } from '../../src/telemetry/prometheus.ts';
import { freePorts } from './free-port.ts';
import { eventually } from './processes.ts';
import { sql } from './worker.ts';

/** A compiled source of a test, of the namespace `test`. */
export function compiledSource(spec: MailboxSource['spec'], name = 'desk'): CollectorRevision {
  const source = { apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata: { name }, spec } as const;
  const revision = compileCollector('test', name, resolveSource(source).spec);
  if (!revision) throw new Error('no source that mail is pushed to');
  return revision;
}

export type Running = Awaited<ReturnType<typeof startCollector>>;

export interface StartOptions {
  readonly storeUri: string;
  /** By `<secret>/<key>`. */
  readonly secrets?: Record<string, string>;
  readonly budgetBytes?: number;
  readonly graceMs?: number;
}

/** A collector in this process, on a free port, listening. */
export async function startCollector(spec: MailboxSource['spec'], options: StartOptions) {
  const [port] = await freePorts(1);
  const at = {
    ...(spec.smtp && { smtp: { ...spec.smtp, port: port! } }),
    ...(spec.http && { http: { ...spec.http, port: port! } }),
  };
  const registry = new Registry();
  const secrets = options.secrets ?? {};
  const collector = new Collector({
    revision: compiledSource({ ...spec, ...at }),
    name: 'test',
    storeUri: options.storeUri,
    secret: async (name, key) => {
      const value = secrets[`${name}/${key}`];
      if (value === undefined) throw stalled('SECRET_MISSING', `no ${name}/${key}`);
      return value;
    },
    host: '127.0.0.1',
    metrics: collectorMetrics(registry),
    log: silentLogger,
    clock: () => new Date(),
    budgetBytes: options.budgetBytes ?? 2 ** 26,
    graceMs: options.graceMs ?? 5_000,
  });
  const stop = new AbortController();
  const ended = collector.run(stop.signal);
  await eventually(() => collector.ready);
  return {
    collector,
    port: port!,
    registry,
    secrets,
    stop: async () => {
      stop.abort();
      await ended;
    },
    /** Begins the end, without waiting for it. */
    beginStop: () => stop.abort(),
    ended,
  };
}

/** What is kept, in the order of positions. */
export const keptRows = (storeUri: string) =>
  sql<{ uid: string; size: string; envelope: Record<string, string>; prefix: Buffer | null; header_id: string | null }>(
    storeUri,
    'SELECT uid, size, envelope, prefix, header_id FROM mailmill.kept_message ORDER BY uid',
  );

/** Bytes as they came, in the order of positions; copies of one message have them once. */
export const keptRaw = async (storeUri: string): Promise<readonly Buffer[]> =>
  (await sql<{ zstd: Buffer }>(storeUri, 'SELECT zstd FROM mailmill.kept_bytes ORDER BY uid')).map(({ zstd }) =>
    zstdDecompressSync(zstd),
  );
