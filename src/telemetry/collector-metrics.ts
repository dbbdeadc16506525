import { Counter, Gauge, Histogram, type Registry } from './prometheus.ts';

const labelNames = ['namespace', 'source'] as const;

/** What a collector measures, of one source. Labels are namespace, source and code, never addresses. */
export function collectorMetrics(registry: Registry) {
  const registers = [registry];
  return {
    accepted: new Counter({
      name: 'mailmill_collector_accepted_total',
      help: 'Messages that were pushed and kept, one a recipient.',
      labelNames,
      registers,
    }),
    repeated: new Counter({
      name: 'mailmill_collector_repeated_total',
      help: 'Messages that were pushed again and known already.',
      labelNames,
      registers,
    }),
    refused: new Counter({
      name: 'mailmill_collector_refused_total',
      help: 'Refusals by the code of the reply, of SMTP or HTTP.',
      labelNames: [...labelNames, 'code'],
      registers,
    }),
    bytes: new Counter({
      name: 'mailmill_collector_bytes_total',
      help: 'Bytes of raw mail that was pushed and accepted.',
      labelNames,
      registers,
    }),
    connections: new Gauge({
      name: 'mailmill_collector_connections',
      help: 'Open connections to the listener.',
      labelNames,
      registers,
    }),
    commitDuration: new Histogram({
      name: 'mailmill_collector_commit_duration_seconds',
      help: 'Time that one transaction took that kept mail.',
      labelNames,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    keptMessages: new Gauge({
      name: 'mailmill_kept_messages',
      help: 'Messages of the source that are kept in the store.',
      labelNames,
      registers,
    }),
    keptBytes: new Gauge({
      name: 'mailmill_kept_bytes',
      help: 'What they take there, compressed.',
      labelNames,
      registers,
    }),
    keptLimit: new Gauge({
      name: 'mailmill_kept_bytes_limit',
      help: 'limits.keptSize of the source: at this size mail is refused for the time being.',
      labelNames,
      registers,
    }),
  };
}

export type CollectorMetrics = ReturnType<typeof collectorMetrics>;
