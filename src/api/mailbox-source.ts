import { conditions } from './conditions.ts';
import { lastRun } from './email-pipeline.ts';
import { archive } from './kinds/archive.ts';
import { http } from './kinds/http.ts';
import { imap } from './kinds/imap.ts';
import { maildir } from './kinds/maildir.ts';
import { mbox } from './kinds/mbox.ts';
import { s3 } from './kinds/s3.ts';
import { smtp } from './kinds/smtp.ts';
import { lastReconcile } from './last-reconcile.ts';
import { reconcile, schedule, timeZone } from './schedule-fields.ts';
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

/** Kinds of sources, in the order in which a reader meets them. */
const kinds = { imap, maildir, mbox, s3, smtp, http };
const names = Object.keys(kinds);

/** `spec` of a MailboxSource. */
export const mailboxSourceSpec = Closed(
  {
    imap: Type.Optional(kinds.imap),
    maildir: Type.Optional(kinds.maildir),
    mbox: Type.Optional(kinds.mbox),
    s3: Type.Optional(kinds.s3),
    smtp: Type.Optional(kinds.smtp),
    http: Type.Optional(kinds.http),
    encryption: Type.Optional(encryption),
    archive: Type.Optional(archive),
    schedule: Type.Optional(schedule),
    timeZone: Type.Optional(timeZone),
    reconcile: Type.Optional(reconcile),
    storeRef: Type.Optional(
      secretKeyRef(
        'Connection URI of the PostgreSQL database that keeps what an smtp or http source has accepted, or what an archive has; the storeRef of its pipelines. Default: `{name: mailmill-store}`.',
        'uri',
      ),
    ),
  },
  {
    description: 'Where mail comes from: exactly one kind.',
    'x-kubernetes-validations': [
      {
        rule: `[${names.map((name) => `has(self.${name})`).join(', ')}].filter(set, set).size() == 1`,
        message: 'exactly one kind of source must be set, such as imap',
      },
      {
        rule: '!has(self.imap) || !has(self.imap.auth) || !has(self.imap.auth.grant) || self.imap.auth.grant != "RefreshToken" || has(self.encryption)',
        message:
          'grant RefreshToken needs encryption.keyRef: a refresh token that the provider replaces is kept encrypted',
      },
      {
        rule: '!has(self.storeRef) || has(self.smtp) || has(self.http) || has(self.archive)',
        message: 'storeRef is for sources that keep mail themselves: smtp, http, and those with an archive',
      },
      {
        rule: '!has(self.archive) || has(self.imap) || has(self.maildir) || has(self.mbox)',
        message: 'an archive is for sources that read a mailbox: imap, maildir and mbox',
        fieldPath: '.archive',
      },
      {
        rule: '!has(self.archive) || !has(self.archive.changes) || has(self.imap)',
        message: 'archive.changes is for imap: files do not tell what happens to their messages',
        fieldPath: '.archive.changes',
      },
      {
        rule: '!has(self.schedule) || has(self.archive)',
        message: 'only a source with an archive has work of its own to schedule; otherwise schedule its pipelines',
        fieldPath: '.schedule',
      },
      {
        rule: '!has(self.timeZone) || has(self.schedule)',
        message: 'timeZone needs a schedule',
        fieldPath: '.timeZone',
      },
      {
        rule: '!has(self.reconcile) || has(self.archive)',
        message:
          'only a source with an archive has records of its own to compare with; otherwise set reconcile in its pipelines',
        fieldPath: '.reconcile',
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
    lastRun: Type.Optional({ ...lastRun, description: 'The newest finished run of a source with a schedule.' }),
    lastReconcile: Type.Optional(lastReconcile),
  },
  { description: 'What the operator has seen.' },
);

export type MailboxSourceSpec = Static<typeof mailboxSourceSpec>;
export type MailboxSourceStatus = Static<typeof mailboxSourceStatus>;
