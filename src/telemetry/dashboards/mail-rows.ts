import { chosen, rate } from './chosen.ts';
import type { Row } from './panels.ts';

/** Is mail flowing, and how far behind is it? */
export const mailRows: readonly Row[] = [
  {
    title: 'Now',
    panels: [
      {
        kind: 'stat',
        title: 'Messages waiting',
        description: 'Listed in the mailboxes and not finished.',
        queries: [{ expr: `sum(mailmill_lag_messages{${chosen}})` }],
      },
      {
        kind: 'stat',
        title: 'Oldest waiting',
        description: 'Age of the oldest message that is not finished.',
        unit: 's',
        threshold: 900,
        queries: [{ expr: `max(mailmill_lag_seconds{${chosen}})` }],
      },
      {
        kind: 'stat',
        title: 'Pipelines that need a person',
        description: 'Their condition Stalled says what to do.',
        threshold: 1,
        queries: [
          {
            expr: `sum(max by (namespace, pipeline) (mailmill_pipeline_condition{${chosen},type="Stalled"}) == bool 1)`,
          },
        ],
      },
      {
        kind: 'stat',
        title: 'Pipelines ready',
        description: 'Their newest generation is applied and became ready.',
        queries: [
          {
            expr: `sum(max by (namespace, pipeline) (mailmill_pipeline_condition{${chosen},type="Ready"}) == bool 1)`,
          },
        ],
      },
      {
        kind: 'stat',
        title: 'Dead letters, last day',
        description: 'Messages that could not be parsed, transformed or loaded; they are kept.',
        threshold: 1,
        queries: [
          {
            expr: `sum((increase(mailmill_dead_letters_total{${chosen}}[24h]) and mailmill_dead_letters_total{${chosen}} offset 24h) or mailmill_dead_letters_total{${chosen}}) or vector(0)`,
          },
        ],
      },
    ],
  },
  {
    title: 'Flow',
    panels: [
      {
        kind: 'timeseries',
        title: 'Messages by outcome',
        description: 'What became of the messages that were committed.',
        unit: 'ops',
        stack: true,
        queries: [{ expr: rate('mailmill_messages_total', 'outcome'), legend: '{{outcome}}' }],
      },
      {
        kind: 'timeseries',
        title: 'Deliveries by sink',
        description: 'Documents delivered, by sink and status.',
        unit: 'ops',
        queries: [
          {
            expr: rate('mailmill_deliveries_total', 'namespace, pipeline, sink, status'),
            legend: '{{namespace}}/{{pipeline}} {{sink}} {{status}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Raw mail',
        description: 'Bytes of raw mail read and recorded.',
        unit: 'Bps',
        queries: [{ expr: rate('mailmill_bytes_total', 'namespace, pipeline'), legend: '{{namespace}}/{{pipeline}}' }],
      },
    ],
  },
  {
    title: 'Lag and latency',
    panels: [
      {
        kind: 'timeseries',
        title: 'Messages waiting',
        description: 'Listed and not finished, by pipeline.',
        queries: [
          {
            expr: `sum by (namespace, pipeline) (mailmill_lag_messages{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Old mail left',
        description: 'Messages that were there before and are not read yet, by pipeline.',
        queries: [
          {
            expr: `sum by (namespace, pipeline) (mailmill_backfill_total_messages{${chosen}} - mailmill_backfill_done_messages{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Oldest check of a folder',
        description: 'Since the mail server last answered for the folder that waits for it longest.',
        unit: 's',
        queries: [
          {
            expr: `max by (namespace, pipeline) (mailmill_folder_check_age_seconds{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'From arrival to commit',
        description: 'Of mail that arrived while the folder was live (INTERNALDATE to commit).',
        unit: 's',
        queries: [0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, ${rate('mailmill_commit_latency_seconds_bucket', 'le')})`,
          legend: `p${quantile * 100}`,
        })),
      },
      {
        kind: 'timeseries',
        title: 'Duration of a commit',
        description: 'One group of batches, from resolving identities to the commit.',
        unit: 's',
        queries: [0.5, 0.99].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, ${rate('mailmill_commit_duration_seconds_bucket', 'le')})`,
          legend: `p${quantile * 100}`,
        })),
      },
    ],
  },
];
