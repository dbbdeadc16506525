import { conditions } from './conditions.ts';
import { imap } from './kinds/imap.ts';
import { maildir } from './kinds/maildir.ts';
import { Closed } from './schema.ts';
import { type Static, Type } from './type.ts';

/** `spec` of a MailboxSource. */
export const mailboxSourceSpec = Closed(
  { imap: Type.Optional(imap), maildir: Type.Optional(maildir) },
  {
    description: 'Where mail comes from: exactly one kind.',
    'x-kubernetes-validations': [
      { rule: 'has(self.imap) != has(self.maildir)', message: 'exactly one of imap and maildir must be set' },
    ],
  },
);

/** `status` of a MailboxSource. */
export const mailboxSourceStatus = Closed(
  {
    observedGeneration: Type.Optional(
      Type.Integer({ description: 'Generation that the conditions speak of.', minimum: 0 }),
    ),
    conditions: Type.Optional(conditions),
  },
  { description: 'What the operator has seen.' },
);

export type MailboxSourceSpec = Static<typeof mailboxSourceSpec>;
export type MailboxSourceStatus = Static<typeof mailboxSourceStatus>;
