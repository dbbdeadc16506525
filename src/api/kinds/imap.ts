import { Closed, Duration, OneOf, Size, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { accounts } from './imap-accounts.ts';
import { auth } from './imap-auth.ts';
import { imapFolders } from './imap-folders.ts';
import { presetNames } from './imap-presets.ts';
import { proxy, tls } from './imap-transport.ts';

const folderPattern = Text({
  description:
    'Folder name with `/` between levels whatever the server uses; `*` matches any characters but `/`, `**` any characters.',
  minLength: 1,
  maxLength: 255,
});

/** Which folders are read, of a kind of source whose folders have names alone. */
export const folders = Closed(
  {
    include: Type.Optional(
      Type.Array(folderPattern, {
        description: 'Folders to read. INBOX is always written in capitals.',
        minItems: 1,
        maxItems: 64,
        'x-kubernetes-list-type': 'atomic',
        'x-mailmill-default': ['INBOX'],
      }),
    ),
    exclude: Type.Optional(
      Type.Array(folderPattern, {
        description: 'Folders not to read although `include` matches them.',
        maxItems: 64,
        'x-kubernetes-list-type': 'atomic',
        'x-mailmill-default': [],
      }),
    ),
  },
  { description: 'Which folders are read.', 'x-mailmill-default': {} },
);

/** How far back a source reads at a folder's first sight. */
export const since = Text({
  description:
    'Read only mail received within this time before a folder is first seen (`90d`), or since this date (`2026-01-31`); absent: all mail. What arrives later is always read, however old it says it is.',
  maxLength: 10,
  pattern: '^([1-9][0-9]{0,6}(ms|s|m|h|d|w)|[0-9]{4}-[0-9]{2}-[0-9]{2})$',
});

const messageSize = Size({
  description: 'Larger messages are not fetched but recorded as dead letters with their size and headers.',
  'x-mailmill-default': '64Mi',
});

export { messageSize };

/** `spec.imap` of a MailboxSource. */
export const imap = Closed(
  {
    preset: Type.Optional(
      OneOf(presetNames, {
        description:
          'Defaults, and manners, for a provider. `gmail`: All Mail is read once, plus Spam and Trash where included, and folder patterns are matched against labels; 15 connections, 2500 MiB a day. `exchange-online`: 8 connections, and the scope of app-only access.',
        'x-mailmill-default': 'generic',
      }),
    ),
    host: Text({
      description: 'Host name or address of the IMAP server.',
      minLength: 1,
      maxLength: 253,
      pattern: '^[a-zA-Z0-9]([-a-zA-Z0-9.:]*[a-zA-Z0-9])?$',
    }),
    port: Type.Optional(
      Type.Integer({
        description: 'TCP port. Default: 993 with implicit TLS, else 143.',
        minimum: 1,
        maximum: 65535,
      }),
    ),
    tls: Type.Optional(tls),
    auth: Type.Optional(auth),
    accounts: Type.Optional(accounts),
    proxy: Type.Optional(proxy),
    folders: Type.Optional(imapFolders),
    since: Type.Optional(since),
    backfill: Type.Optional(
      Closed(
        {
          order: Type.Optional(
            OneOf(['OldestFirst', 'NewestFirst'], {
              description:
                'In which order mail is read that is there before. Mail that arrives meanwhile goes ahead of it.',
              'x-mailmill-default': 'OldestFirst',
            }),
          ),
        },
        { description: 'How the mail is read that is there at the first look.', 'x-mailmill-default': {} },
      ),
    ),
    pollInterval: Type.Optional(
      Duration({
        description: 'How often folders that are not watched by IDLE are checked.',
        'x-mailmill-default': '1m',
      }),
    ),
    limits: Type.Optional(
      Closed(
        {
          connectionsPerAccount: Type.Optional(
            Type.Integer({
              description:
                'IMAP connections to one account at the same time, over all pipelines and workers. Default: what the preset says, else 4.',
              minimum: 1,
              maximum: 64,
            }),
          ),
          bytesPerDay: Type.Optional(
            Size({
              description:
                'Bytes of mail to fetch from one account in a day (UTC), over all pipelines and workers; a tenth is kept for new mail. Absent: what the preset says, else no limit.',
            }),
          ),
          messagesPerDay: Type.Optional(
            Type.Integer({
              description: 'Messages to fetch from one account in a day (UTC), likewise. Absent: no limit.',
              minimum: 1,
              maximum: 1_000_000_000,
            }),
          ),
          messageSize: Type.Optional(messageSize),
        },
        { description: 'What this source may use.', 'x-mailmill-default': {} },
      ),
    ),
  },
  {
    description: 'An account on an IMAP server, or many.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.accounts) || (has(self.auth) && has(self.auth.secretRef))',
        message: 'auth.secretRef is missing, or accounts',
      },
      {
        rule: '!has(self.accounts) || (has(self.auth) && has(self.auth.secretRef)) == (has(self.auth) && (has(self.auth.loginAs) || (has(self.auth.type) && self.auth.type == "OAuth2")))',
        message:
          'with accounts, auth.secretRef is what they share: needed with loginAs or OAuth2, and else no use, because passwords stand in the list',
      },
    ],
  },
);

export type ImapSpec = Static<typeof imap>;
