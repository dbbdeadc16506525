import { Closed, OneOf, Text } from './schema.ts';
import { type Static, Type } from './type.ts';

const count = (description: string) => Type.Optional(Type.Integer({ description, minimum: 0 }));
const time = (description: string) => Type.String({ description, format: 'date-time', maxLength: 40 });

/** The newest scheduled comparison of mailboxes and store; of a pipeline, and of a source with an archive. */
export const lastReconcile = Closed(
  {
    name: Text({ description: 'Name of its Job.', maxLength: 253 }),
    state: OneOf(['Succeeded', 'Failed'], {
      description: '`Succeeded`: every account was compared, whatever was found.',
    }),
    startedAt: Type.Optional(time('Begin.')),
    finishedAt: Type.Optional(time('End.')),
    succeededAt: Type.Optional(time('End of the newest one that succeeded.')),
    message: Type.Optional(Text({ description: 'What kept it from all accounts, and what to do.', maxLength: 1024 })),
    accounts: count('Accounts; this and what follows is of the newest one that could read any.'),
    unread: count('Of these, those that could not be read.'),
    folders: count('Folders compared.'),
    listed: count('Messages that the mailboxes list.'),
    recorded: count('Of these, recorded.'),
    dead: count('Of those recorded, dead letters that nobody has resolved.'),
    excluded: count('Of those listed, older than `since`, or left out by their labels.'),
    unfinished: count('Of those listed, not finished yet.'),
    missing: count('Of those listed, finished and not recorded: lost. Must be 0.'),
    gone: count('Not listed any more: gone before they were read, as far back as `retention` goes.'),
  },
  { description: 'The newest scheduled comparison of the mailboxes with the store.' },
);

export type LastReconcile = Static<typeof lastReconcile>;
