import type { Dashboard } from './panels.ts';

/** What the variables above the dashboard select. */
const chosen = 'namespace=~"$namespace",pipeline=~"$pipeline"';
const rate = (metric: string, by: string, labels = chosen) =>
  `sum by (${by}) (rate(${metric}{${labels}}[$__rate_interval]))`;

/** All pipelines at a glance: is mail flowing, how far behind, what is dead, is the operator well. */
export const overview: Dashboard = {
  uid: 'mailmill-overview',
  title: 'Mailmill / Overview',
  description: 'Whether mail flows, how far behind it is, what could not be delivered, and how the operator does.',
  variables: [
    { name: 'namespace', label: 'Namespace', query: 'label_values(mailmill_messages_total, namespace)' },
    {
      name: 'pipeline',
      label: 'Pipeline',
      query: 'label_values(mailmill_messages_total{namespace=~"$namespace"}, pipeline)',
    },
  ],
  rows: [
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
          queries: [{ expr: `sum(increase(mailmill_dead_letters_total{${chosen}}[24h])) or vector(0)` }],
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
              expr: rate('mailmill_deliveries_total', 'pipeline, sink, status'),
              legend: '{{pipeline}} {{sink}} {{status}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Raw mail',
          description: 'Bytes of raw mail read and recorded.',
          unit: 'Bps',
          queries: [{ expr: rate('mailmill_bytes_total', 'pipeline'), legend: '{{pipeline}}' }],
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
          queries: [{ expr: `sum by (pipeline) (mailmill_lag_messages{${chosen}})`, legend: '{{pipeline}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Old mail left',
          description: 'Messages that were there before and are not read yet, by pipeline.',
          queries: [
            {
              expr: `sum by (pipeline) (mailmill_backfill_total_messages{${chosen}} - mailmill_backfill_done_messages{${chosen}})`,
              legend: '{{pipeline}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Oldest check of a folder',
          description: 'Since the mail server last answered for the folder that waits for it longest.',
          unit: 's',
          queries: [
            { expr: `max by (pipeline) (mailmill_folder_check_age_seconds{${chosen}})`, legend: '{{pipeline}}' },
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
    {
      title: 'Queues',
      panels: [
        {
          kind: 'timeseries',
          title: 'Deliveries waiting',
          description: 'In the queues of sinks such as webhooks.',
          queries: [
            {
              expr: `max by (pipeline, sink) (mailmill_outbox_messages{${chosen}})`,
              legend: '{{pipeline}} {{sink}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Oldest delivery',
          description: 'Age of the oldest that waits.',
          unit: 's',
          queries: [
            { expr: `max by (pipeline, sink) (mailmill_outbox_seconds{${chosen}})`, legend: '{{pipeline}} {{sink}}' },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Attempts by answer',
          description: 'HTTP status, or what kept an attempt from one.',
          unit: 'ops',
          queries: [
            {
              expr: rate('mailmill_delivery_attempts_total', 'pipeline, sink, code'),
              legend: '{{pipeline}} {{sink}} {{code}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Dead deliveries',
          description: 'Not taken by the receiver, and kept until somebody retries or resolves them.',
          queries: [
            { expr: `max by (pipeline, sink) (mailmill_outbox_dead{${chosen}})`, legend: '{{pipeline}} {{sink}}' },
          ],
        },
      ],
    },
    {
      title: 'Completeness',
      panels: [
        {
          kind: 'stat',
          title: 'Messages missing',
          description: 'Finished and not recorded, as the last reconcile of each pipeline found. Must be 0.',
          threshold: 1,
          queries: [
            {
              expr: `sum(max by (namespace, pipeline) (mailmill_reconcile_missing_messages{${chosen}})) or vector(0)`,
            },
          ],
        },
        {
          kind: 'stat',
          title: 'Oldest proof',
          description: 'Since a reconcile last compared every mailbox of a pipeline with the store.',
          unit: 's',
          queries: [
            {
              expr: `time() - min(max by (namespace, pipeline) (mailmill_reconcile_success_timestamp_seconds{${chosen}}))`,
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Mailboxes against the store',
          description:
            'What the last reconcile of each pipeline listed, and what of it was recorded, dead or excluded.',
          queries: (['listed', 'recorded', 'dead', 'excluded', 'unfinished', 'gone'] as const).map((state) => ({
            expr: `sum(max by (namespace, pipeline) (mailmill_reconcile_${state}_messages{${chosen}}))`,
            legend: state,
          })),
        },
      ],
    },
    {
      title: 'Trouble',
      panels: [
        {
          kind: 'timeseries',
          title: 'Errors by code',
          description: 'By stable code and family; the README says what each means.',
          unit: 'ops',
          queries: [{ expr: rate('mailmill_errors_total', 'code, family'), legend: '{{code}} ({{family}})' }],
        },
        {
          kind: 'timeseries',
          title: 'Dead letters by code',
          description: 'Why messages could not be processed.',
          unit: 'ops',
          queries: [{ expr: rate('mailmill_dead_letters_total', 'pipeline, code'), legend: '{{pipeline}} {{code}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Connections to mail servers',
          description: 'Open connections of workers, by pipeline.',
          queries: [{ expr: `sum by (pipeline) (mailmill_connections{${chosen}})`, legend: '{{pipeline}}' }],
        },
      ],
    },
    {
      title: 'Operator',
      panels: [
        {
          kind: 'timeseries',
          title: 'Reconciles',
          description: 'By controller and result.',
          unit: 'ops',
          queries: [
            {
              expr: 'sum by (controller, result) (rate(controller_runtime_reconcile_total[$__rate_interval]))',
              legend: '{{controller}} {{result}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Requests to the API server',
          description: 'By method and status code.',
          unit: 'reqps',
          queries: [
            {
              expr: 'sum by (method, code) (rate(rest_client_requests_total[$__rate_interval]))',
              legend: '{{method}} {{code}}',
            },
          ],
        },
        {
          kind: 'timeseries',
          title: 'Work waiting',
          description: 'Keys in the queues of the operator.',
          queries: [{ expr: 'sum by (name) (workqueue_depth)', legend: '{{name}}' }],
        },
        {
          kind: 'timeseries',
          title: 'Memory',
          description: 'Resident memory of operator and workers.',
          unit: 'bytes',
          queries: [{ expr: 'sum by (pod) (process_resident_memory_bytes{job=~".*mailmill.*"})', legend: '{{pod}}' }],
        },
      ],
    },
  ],
};
