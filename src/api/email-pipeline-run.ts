import { conditions } from './conditions.ts';
import { Closed, Name, OneOf, Text } from './schema.ts';
import { type Static, Type } from './type.ts';

/** `spec` of an EmailPipelineRun. */
export const emailPipelineRunSpec = Closed(
  {
    pipeline: Closed(
      { name: Name({ description: 'Name of an EmailPipeline in this namespace.', maxLength: 40 }) },
      { description: 'What to run.' },
    ),
  },
  {
    description: 'Run a pipeline now, incrementally; executed once.',
    'x-kubernetes-validations': [
      { rule: 'self == oldSelf', message: 'a run is immutable; make a new one under another name' },
    ],
  },
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
    read: Type.Optional(Type.Integer({ description: 'Messages read.', minimum: 0 })),
    delivered: Type.Optional(Type.Integer({ description: 'Messages delivered.', minimum: 0 })),
    dropped: Type.Optional(Type.Integer({ description: 'Messages that a filter dropped.', minimum: 0 })),
    dead: Type.Optional(Type.Integer({ description: 'Dead letters.', minimum: 0 })),
    message: Type.Optional(Text({ description: 'What went wrong and what to do.', maxLength: 1024 })),
  },
  { description: 'Result.' },
);

export type EmailPipelineRunSpec = Static<typeof emailPipelineRunSpec>;
export type EmailPipelineRunStatus = Static<typeof emailPipelineRunStatus>;
