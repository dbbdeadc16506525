import { conditions } from './conditions.ts';
import { imap } from './kinds/imap.ts';
import { maildir } from './kinds/maildir.ts';
import { Closed, secretKeyRef } from './schema.ts';
import { type Static, Type } from './type.ts';

/** Encryption of what the store keeps for a source. */
const encryption = Closed(
  {
    keyRef: secretKeyRef(
      'Key of 32 bytes in base64, for AES-256-GCM: `openssl rand -base64 32`. It is never in the store.',
      'key',
    ),
  },
  { description: 'Encryption of secrets that the store keeps: refresh tokens that the provider has replaced.' },
);

/** `spec` of a MailboxSource. */
export const mailboxSourceSpec = Closed(
  { imap: Type.Optional(imap), maildir: Type.Optional(maildir), encryption: Type.Optional(encryption) },
  {
    description: 'Where mail comes from: exactly one kind.',
    'x-kubernetes-validations': [
      { rule: 'has(self.imap) != has(self.maildir)', message: 'exactly one of imap and maildir must be set' },
      {
        rule: '!has(self.imap) || !has(self.imap.auth.grant) || self.imap.auth.grant != "RefreshToken" || has(self.encryption)',
        message:
          'grant RefreshToken needs encryption.keyRef: a refresh token that the provider replaces is kept encrypted',
      },
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
