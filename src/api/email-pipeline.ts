import { conditions } from './conditions.ts';
import { authenticate } from './kinds/authenticate.ts';
import { postgres } from './kinds/postgres.ts';
import { queue, retry } from './kinds/queue.ts';
import { filter, set, unset } from './kinds/steps.ts';
import { webhook } from './kinds/webhook.ts';
import { lastReconcile } from './last-reconcile.ts';
import { reconcile, schedule, timeZone } from './schedule-fields.ts';
import { Closed, Duration, Name, OneOf, secretKeyRef, Text } from './schema.ts';
import { podTemplate } from './template.ts';
import { type Static, Type } from './type.ts';

const itemName = (description: string) =>
  Text({ description, minLength: 1, maxLength: 40, pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$' });

export const step = Closed(
  {
    name: itemName('Name of the step; stands in traces, metrics and dead letters.'),
    filter: Type.Optional(filter),
    set: Type.Optional(set),
    unset: Type.Optional(unset),
    authenticate: Type.Optional(authenticate),
  },
  {
    description: 'One declarative transform: exactly one kind.',
    'x-kubernetes-validations': [
      {
        rule: '(has(self.filter) ? 1 : 0) + (has(self.set) ? 1 : 0) + (has(self.unset) ? 1 : 0) + (has(self.authenticate) ? 1 : 0) == 1',
        message: 'exactly one of filter, set, unset and authenticate must be set',
      },
    ],
  },
);

export const sink = Closed(
  {
    name: itemName('Name of the sink; its progress and its queue are kept under it.'),
    postgres: Type.Optional(postgres),
    webhook: Type.Optional(webhook),
    retry: Type.Optional(retry),
    queue: Type.Optional(queue),
  },
  {
    description: 'Where documents go: exactly one kind.',
    'x-kubernetes-validations': [
      { rule: 'has(self.postgres) != has(self.webhook)', message: 'exactly one of postgres and webhook must be set' },
      {
        rule: 'has(self.webhook) || !(has(self.retry) || has(self.queue))',
        message: 'retry and queue are for sinks with a queue: webhook',
      },
    ],
  },
);

const rollout = Closed(
  {
    preflight: Type.Optional(
      Closed(
        {
          messages: Type.Optional(
            Type.Integer({
              description: 'The newest messages that are tried.',
              minimum: 1,
              maximum: 1000,
              'x-mailmill-default': 100,
            }),
          ),
          maxErrorRate: Type.Optional(
            Type.Unsafe<number>({
              type: 'number',
              description:
                'Share of them that may be dead letters with the new revision and are none with the one that runs.',
              minimum: 0,
              maximum: 1,
              'x-mailmill-default': 0.01,
            }),
          ),
        },
        {
          description:
            'Before a new revision replaces one that works, a Job lets both process the same newest mail and delivers nothing; sinks are tried in a transaction that is rolled back.',
        },
      ),
    ),
  },
  { description: 'How a new generation replaces the one that runs.' },
);

/** `spec` of an EmailPipeline. */
export const emailPipelineSpec = Closed(
  {
    source: Closed(
      { name: Name({ description: 'Name of a MailboxSource in this namespace.', maxLength: 40 }) },
      { description: 'Where the mail comes from.' },
    ),
    schedule: Type.Optional(schedule),
    timeZone: Type.Optional(timeZone),
    suspend: Type.Optional(
      Type.Boolean({ description: 'Stop the workers; state is kept.', 'x-mailmill-default': false }),
    ),
    load: Type.Optional(
      OneOf(['Incremental', 'Full'], {
        description:
          'What a run of the schedule reads: what is new, or everything again under a new edition, after which rows of messages that are gone from the mailbox are removed. Absent: what is new.',
      }),
    ),
    replicas: Type.Optional(
      Type.Integer({
        description:
          'Workers of a streaming pipeline. One reads an account at a time; the others stand by. Default: 1.',
        minimum: 0,
        maximum: 64,
      }),
    ),
    steps: Type.Optional(
      Type.Array(step, {
        description: 'Transforms, in this order.',
        maxItems: 64,
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['name'],
        'x-mailmill-default': [],
      }),
    ),
    sinks: Type.Array(sink, {
      description: 'Where documents go.',
      minItems: 1,
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
    }),
    storeRef: Type.Optional({
      ...secretKeyRef('Connection URI of the PostgreSQL database that keeps cursors, deliveries and runs.', 'uri'),
      'x-mailmill-default': { name: 'mailmill-store' },
    }),
    retention: Type.Optional(
      Duration({
        description: 'How long per-message records are kept in the store. Cursors and identities are kept for ever.',
        'x-mailmill-default': '90d',
      }),
    ),
    reconcile: Type.Optional(reconcile),
    rollout: Type.Optional(rollout),
    template: Type.Optional(podTemplate),
  },
  {
    description: 'Reads a source, transforms what it reads and delivers it.',
    'x-kubernetes-validations': [
      {
        rule: '!has(self.timeZone) || has(self.schedule)',
        message: 'timeZone needs a schedule',
        fieldPath: '.timeZone',
      },
      {
        rule: '!has(self.load) || self.load != "Full" || has(self.schedule)',
        message: 'load: Full needs a schedule; a pipeline that streams is loaded again by an EmailPipelineRun',
        fieldPath: '.load',
      },
      {
        rule: '!has(self.replicas) || !has(self.schedule)',
        message: 'replicas are for streaming pipelines; a scheduled pipeline runs one worker',
        fieldPath: '.replicas',
      },
      {
        rule: 'self.sinks.all(s, !has(s.postgres) || self.sinks.exists_one(t, has(t.postgres) && t.postgres.table == s.postgres.table && (has(t.postgres.schema) ? t.postgres.schema : "public") == (has(s.postgres.schema) ? s.postgres.schema : "public") && t.postgres.secretRef.name == s.postgres.secretRef.name))',
        message: 'two sinks write to the same table',
        fieldPath: '.sinks',
      },
    ],
  },
);

export const lastRun = Closed(
  {
    name: Text({ description: 'Name of the run.', maxLength: 253 }),
    state: OneOf(['Running', 'Succeeded', 'Failed'], { description: 'How it stands.' }),
    startedAt: Type.Optional(Type.String({ description: 'Begin.', format: 'date-time', maxLength: 40 })),
    finishedAt: Type.Optional(Type.String({ description: 'End.', format: 'date-time', maxLength: 40 })),
    read: Type.Optional(Type.Integer({ description: 'Messages read.', minimum: 0 })),
    delivered: Type.Optional(Type.Integer({ description: 'Messages delivered.', minimum: 0 })),
    dropped: Type.Optional(Type.Integer({ description: 'Messages that a filter dropped.', minimum: 0 })),
    dead: Type.Optional(Type.Integer({ description: 'Dead letters.', minimum: 0 })),
    message: Type.Optional(Text({ description: 'What went wrong and what to do.', maxLength: 1024 })),
  },
  { description: 'The newest finished run of a scheduled pipeline.' },
);

/** `status` of an EmailPipeline. */
export const emailPipelineStatus = Closed(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation that the conditions speak of.', minimum: 0 }),
    ),
    conditions: Type.Optional(conditions),
    revision: Type.Optional(Text({ description: 'Revision that this generation renders to.', maxLength: 63 })),
    lastGoodRevision: Type.Optional(Text({ description: 'Newest revision that became ready.', maxLength: 63 })),
    lastGoodGeneration: Type.Optional(Type.Integer({ description: 'Its generation.', minimum: 0 })),
    replicas: Type.Optional(Type.Integer({ description: 'Workers that exist; for `kubectl scale`.', minimum: 0 })),
    selector: Type.Optional(
      Text({ description: 'Label selector of the workers; for `kubectl scale`.', maxLength: 512 }),
    ),
    lastRun: Type.Optional(lastRun),
    lastReconcile: Type.Optional(lastReconcile),
  },
  { description: 'What the operator has seen.' },
);

export type StepSpec = Static<typeof step>;
export type SinkSpec = Static<typeof sink>;
export type EmailPipelineSpec = Static<typeof emailPipelineSpec>;
export type EmailPipelineStatus = Static<typeof emailPipelineStatus>;
export type LastRun = Static<typeof lastRun>;
