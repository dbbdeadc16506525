import { chosen, rate } from './chosen.ts';
import type { Row } from './panels.ts';

/** What waits, what is missing, what went wrong. */
export const troubleRows: readonly Row[] = [
  {
    title: 'Queues',
    panels: [
      {
        kind: 'timeseries',
        title: 'Deliveries waiting',
        description: 'In the queues of sinks such as webhooks.',
        queries: [
          {
            expr: `max by (namespace, pipeline, sink) (mailmill_outbox_messages{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}} {{sink}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Oldest delivery',
        description: 'Age of the oldest that waits.',
        unit: 's',
        queries: [
          {
            expr: `max by (namespace, pipeline, sink) (mailmill_outbox_seconds{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}} {{sink}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Attempts by answer',
        description: 'HTTP status, or what kept an attempt from one.',
        unit: 'ops',
        queries: [
          {
            expr: rate('mailmill_delivery_attempts_total', 'namespace, pipeline, sink, code'),
            legend: '{{namespace}}/{{pipeline}} {{sink}} {{code}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Dead deliveries',
        description: 'Not taken by the receiver, and kept until somebody retries or resolves them.',
        queries: [
          {
            expr: `max by (namespace, pipeline, sink) (mailmill_outbox_dead{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}} {{sink}}',
          },
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
        description: 'What the last reconcile of each pipeline listed, and what of it was recorded, dead or excluded.',
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
        queries: [
          {
            expr: rate('mailmill_dead_letters_total', 'namespace, pipeline, code'),
            legend: '{{namespace}}/{{pipeline}} {{code}}',
          },
        ],
      },
      {
        kind: 'timeseries',
        title: 'Connections to mail servers',
        description: 'Open connections of workers, by pipeline.',
        queries: [
          {
            expr: `sum by (namespace, pipeline) (mailmill_connections{${chosen}})`,
            legend: '{{namespace}}/{{pipeline}}',
          },
        ],
      },
    ],
  },
];
