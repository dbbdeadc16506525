import { Closed, Text } from './schema.ts';
import { Type } from './type.ts';

/** When something runs that does not stream; of a pipeline, and of a source with an archive. */
export const schedule = Text({
  description:
    'Cron expression with five fields. Present: runs at these times and ends when caught up. Absent: streams.',
  minLength: 9,
  maxLength: 100,
  pattern: '^[-0-9*/,A-Za-z]+( +[-0-9*/,A-Za-z]+){4}$',
});

export const timeZone = Text({
  description: 'IANA time zone of the schedule.',
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z][-+_/A-Za-z0-9]*$',
  'x-mailmill-default': 'Etc/UTC',
});

/** When mailboxes are compared with the store; of a pipeline, and of a source with an archive. */
export const reconcile = Closed(
  {
    schedule: { ...schedule, description: 'Cron expression with five fields.' },
    timeZone: Type.Optional(timeZone),
  },
  {
    description:
      'Compares the mailboxes with what the store has recorded, at these times and beside whoever reads them; `status.lastReconcile` and the condition Complete say what was found. Absent: only when somebody asks (`mailmill reconcile`).',
  },
);
