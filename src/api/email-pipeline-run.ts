import { conditions } from './conditions.ts';
import { Closed, Name, OneOf, Text } from './schema.ts';
import { type Static, Type } from './type.ts';

/** A day (from its first moment in UTC) or a point in time. */
const instant = (description: string) =>
  Text({
    description: `${description} A day (\`2026-11-01\`: from its first moment in UTC) or a time (\`2026-11-01T08:30:00Z\`).`,
    minLength: 10,
    maxLength: 35,
    pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2}))?$',
  });

/** CEL of an instant as a timestamp. */
const timeOf = (field: string) =>
  `timestamp(self.${field}.size() == 10 ? self.${field} + "T00:00:00Z" : self.${field})`;

const inOrder = {
  rule: `!has(self.since) || !has(self.until) || ${timeOf('since')} < ${timeOf('until')}`,
  message: 'since must be a time before until',
};

const replay = Closed(
  {
    since: Type.Optional(instant('Messages that this pipeline recorded at or after this time.')),
    until: Type.Optional(instant('And before this time; absent: until the run begins.')),
    only: Type.Optional(
      OneOf(['All', 'Dead'], {
        description: '`Dead`: only messages whose dead letter is not resolved.',
        'x-mailmill-default': 'All',
      }),
    ),
    ids: Type.Optional(
      Type.Array(
        Text({
          description: 'Id of a message (`_mailmill_id`).',
          minLength: 36,
          maxLength: 36,
          pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
        }),
        { description: 'Only these messages.', minItems: 1, maxItems: 500, 'x-kubernetes-list-type': 'set' },
      ),
    ),
  },
  {
    description:
      'Read recorded messages again and replace what was made of them, under a new edition: those of a time range, dead letters, or some by their ids.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.since) || has(self.ids) || (has(self.only) && self.only == "Dead")',
        message: 'say which messages: since, ids or only: Dead',
      },
      inOrder,
    ],
  },
);

const backfill = Closed(
  {
    since: instant('Mail that the server received at or after this time.'),
    until: Type.Optional(instant('And before this time; absent: up to the `since` of the source.')),
  },
  {
    description: "Read mail that is older than the source's `since`.",
    'x-kubernetes-validations': [inOrder],
  },
);

/** `spec` of an EmailPipelineRun. */
export const emailPipelineRunSpec = Closed(
  {
    pipeline: Closed(
      { name: Name({ description: 'Name of an EmailPipeline in this namespace.', maxLength: 40 }) },
      { description: 'What to run.' },
    ),
    load: Type.Optional(
      OneOf(['Full'], {
        description:
          'Read everything again under a new edition; when that is complete, rows of messages that are not in the mailbox any more are removed from the sinks.',
      }),
    ),
    replay: Type.Optional(replay),
    backfill: Type.Optional(backfill),
    dryRun: Type.Optional(
      Type.Boolean({
        description: 'Write nothing: tell what the run would change.',
        'x-mailmill-default': false,
      }),
    ),
  },
  {
    description: 'Run a pipeline once: what is new (incrementally), or what load, replay or backfill says.',
    'x-kubernetes-validations': [
      { rule: 'self == oldSelf', message: 'a run is immutable; make a new one under another name' },
      {
        rule: '(has(self.load) ? 1 : 0) + (has(self.replay) ? 1 : 0) + (has(self.backfill) ? 1 : 0) <= 1',
        message: 'at most one of load, replay and backfill',
      },
    ],
  },
);

const count = (description: string) => Type.Optional(Type.Integer({ description, minimum: 0 }));

const diff = Closed(
  {
    added: Type.Integer({ description: 'Documents that the sinks would get.', minimum: 0 }),
    changed: Type.Integer({ description: 'Documents that would be another.', minimum: 0 }),
    unchanged: Type.Integer({ description: 'Documents that would stay as they are.', minimum: 0 }),
    removed: Type.Integer({ description: 'Documents that would go.', minimum: 0 }),
    keys: Type.Array(
      Closed(
        {
          id: Text({ description: 'Id of the document.', maxLength: 36 }),
          columns: Type.Array(Text({ description: 'Name of a column that would change.', maxLength: 63 }), {
            description: 'What would change; never values.',
            maxItems: 8,
            'x-kubernetes-list-type': 'atomic',
          }),
        },
        { description: 'One document that would change.' },
      ),
      {
        description: 'The first documents that would change; the log of the run has all of them.',
        maxItems: 10,
        'x-kubernetes-list-type': 'atomic',
      },
    ),
  },
  { description: 'What a dry run found.' },
);

/** `status` of an EmailPipelineRun. */
export const emailPipelineRunStatus = Closed(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation that the conditions speak of.', minimum: 0 }),
    ),
    conditions: Type.Optional(conditions),
    state: Type.Optional(OneOf(['Pending', 'Running', 'Succeeded', 'Failed'], { description: 'How the run stands.' })),
    startedAt: Type.Optional(Type.String({ description: 'Begin.', format: 'date-time', maxLength: 40 })),
    finishedAt: Type.Optional(Type.String({ description: 'End.', format: 'date-time', maxLength: 40 })),
    progress: Type.Optional(
      Closed(
        {
          done: Type.Integer({ description: 'Messages handled.', minimum: 0 }),
          total: count('Messages in all, as far as is known.'),
          at: Type.String({ description: 'When this was so.', format: 'date-time', maxLength: 40 }),
        },
        { description: 'How far a run is that is under way; written at most every 30 s.' },
      ),
    ),
    edition: count('Edition of what the run writes.'),
    read: count('Messages read.'),
    delivered: count('Messages delivered.'),
    dropped: count('Messages that a filter dropped.'),
    dead: count('Dead letters.'),
    removed: count('Rows that were removed from the sinks.'),
    missing: count('Messages that nobody has any more.'),
    diff: Type.Optional(diff),
    message: Type.Optional(Text({ description: 'What went wrong and what to do.', maxLength: 1024 })),
  },
  { description: 'Result.' },
);

export type EmailPipelineRunSpec = Static<typeof emailPipelineRunSpec>;
export type EmailPipelineRunStatus = Static<typeof emailPipelineRunStatus>;
/** What of a run's spec a worker is told: everything but the pipeline. */
export type RunWork = Omit<EmailPipelineRunSpec, 'pipeline'>;
