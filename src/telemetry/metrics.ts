import { Counter, Gauge, Histogram, type Registry } from './prometheus.ts';

const pipelineLabels = ['namespace', 'pipeline'] as const;
const sourceLabels = [...pipelineLabels, 'source'] as const;

/** What a worker measures. Labels are namespace, pipeline, source, sink, outcome and code, never folders or addresses. */
export function workerMetrics(registry: Registry) {
  const registers = [registry];
  return {
    messages: new Counter({
      name: 'mailmill_messages_total',
      help: 'Messages by what became of them: processed, dropped, dead, known (finished before at another place).',
      labelNames: [...sourceLabels, 'outcome'],
      registers,
    }),
    bytes: new Counter({
      name: 'mailmill_bytes_total',
      help: 'Bytes of raw mail read and recorded.',
      labelNames: sourceLabels,
      registers,
    }),
    batches: new Counter({
      name: 'mailmill_batches_total',
      help: 'Batches committed.',
      labelNames: sourceLabels,
      registers,
    }),
    rows: new Counter({
      name: 'mailmill_deliveries_total',
      help: 'Documents by sink and what became of them: Queued, Acknowledged, Dead.',
      labelNames: [...pipelineLabels, 'sink', 'status'],
      registers,
    }),
    attempts: new Counter({
      name: 'mailmill_delivery_attempts_total',
      help: 'Attempts to deliver from a queue, by HTTP status or what kept it from one.',
      labelNames: [...pipelineLabels, 'sink', 'code'],
      registers,
    }),
    outboxMessages: new Gauge({
      name: 'mailmill_outbox_messages',
      help: 'Deliveries that wait in the queue of a sink.',
      labelNames: [...pipelineLabels, 'sink'],
      registers,
    }),
    outboxSeconds: new Gauge({
      name: 'mailmill_outbox_seconds',
      help: 'Age of the oldest delivery that waits in the queue of a sink.',
      labelNames: [...pipelineLabels, 'sink'],
      registers,
    }),
    outboxDead: new Gauge({
      name: 'mailmill_outbox_dead',
      help: 'Dead deliveries that nobody has retried or resolved.',
      labelNames: [...pipelineLabels, 'sink'],
      registers,
    }),
    deadLetters: new Counter({
      name: 'mailmill_dead_letters_total',
      help: 'Dead letters by error code.',
      labelNames: [...sourceLabels, 'code'],
      registers,
    }),
    parserFallback: new Counter({
      name: 'mailmill_parser_fallback_total',
      help: 'Messages that our own parser failed on and mailparser read, by where it failed: structure, or a field.',
      labelNames: [...sourceLabels, 'reason'],
      registers,
    }),
    errors: new Counter({
      name: 'mailmill_errors_total',
      help: 'Errors by stable code and family.',
      labelNames: [...pipelineLabels, 'code', 'family'],
      registers,
    }),
    latency: new Histogram({
      name: 'mailmill_commit_latency_seconds',
      help: 'Time from arrival (INTERNALDATE) to the commit, of mail that arrived while the folder was live.',
      labelNames: sourceLabels,
      buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800],
      registers,
    }),
    commitDuration: new Histogram({
      name: 'mailmill_commit_duration_seconds',
      help: 'Time that one group of batches took from resolving identities to the commit.',
      labelNames: sourceLabels,
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    lagMessages: new Gauge({
      name: 'mailmill_lag_messages',
      help: 'Messages listed and not finished.',
      labelNames: sourceLabels,
      registers,
    }),
    lagSeconds: new Gauge({
      name: 'mailmill_lag_seconds',
      help: 'Age of the oldest message that is listed and not finished.',
      labelNames: sourceLabels,
      registers,
    }),
    backfillDone: new Gauge({
      name: 'mailmill_backfill_done_messages',
      help: 'Old mail that was read, of folders where some is left.',
      labelNames: sourceLabels,
      registers,
    }),
    backfillTotal: new Gauge({
      name: 'mailmill_backfill_total_messages',
      help: 'Old mail, read or not, of folders where some is left.',
      labelNames: sourceLabels,
      registers,
    }),
    backfillSeconds: new Gauge({
      name: 'mailmill_backfill_seconds_left',
      help: 'Seconds until old mail is read, at the rate of the last minute; 0 without any, or without a rate.',
      labelNames: sourceLabels,
      registers,
    }),
    checkedAgo: new Gauge({
      name: 'mailmill_folder_check_age_seconds',
      help: 'Seconds since the server last answered for the folder that waits for it longest.',
      labelNames: sourceLabels,
      registers,
    }),
    connections: new Gauge({
      name: 'mailmill_connections',
      help: 'Open connections to the source.',
      labelNames: sourceLabels,
      registers,
    }),
    leases: new Gauge({
      name: 'mailmill_leases',
      help: 'Accounts that this worker holds.',
      labelNames: sourceLabels,
      registers,
    }),
    ready: new Gauge({
      name: 'mailmill_pipeline_ready',
      help: '1 once the first login, store check and sink check of this revision have passed.',
      labelNames: [...pipelineLabels, 'revision'],
      registers,
    }),
    stalled: new Gauge({
      name: 'mailmill_pipeline_stalled',
      help: '1 while a person must act before the cursor moves.',
      labelNames: pipelineLabels,
      registers,
    }),
  };
}

export type WorkerMetrics = ReturnType<typeof workerMetrics>;
