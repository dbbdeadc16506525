import type { Row } from './panels.ts';

/** How the operator does. */
export const operatorRow: readonly Row[] = [
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
];
