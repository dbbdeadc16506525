import { Closed, Text } from '../schema.ts';
import { Type } from '../type.ts';

/** Special uses of folders (RFC 6154, RFC 8457) that patterns can name. */
export const specialUses = [
  '\\All',
  '\\Archive',
  '\\Drafts',
  '\\Flagged',
  '\\Important',
  '\\Junk',
  '\\Sent',
  '\\Trash',
] as const;

const celList = specialUses.map((use) => JSON.stringify(use)).join(', ');

const pattern = Text({
  description:
    'Folder name with `/` between levels whatever the server uses; `*` matches any characters but `/`, `**` any characters. Or a special use, such as `\\Sent`: the folder that the server marks with it, whatever its name.',
  minLength: 1,
  maxLength: 255,
  'x-kubernetes-validations': [
    {
      rule: `!self.startsWith("\\\\") || self in [${celList}]`,
      message: `what begins with a backslash is a special use: ${specialUses.join(', ')}`,
    },
  ],
});

const patterns = { maxItems: 64, 'x-kubernetes-list-type': 'atomic' } as const;

/** `spec.imap.folders` of a MailboxSource. */
export const imapFolders = Closed(
  {
    include: Type.Optional(
      Type.Array(pattern, {
        description: 'Folders to read. INBOX is always written in capitals.',
        ...patterns,
        minItems: 1,
        'x-mailmill-default': ['INBOX'],
      }),
    ),
    exclude: Type.Optional(
      Type.Array(pattern, {
        description: 'Folders not to read although `include` matches them.',
        ...patterns,
        'x-mailmill-default': [],
      }),
    ),
    watch: Type.Optional(
      Type.Array(pattern, {
        description:
          'Of the folders that are read, those in which new mail is waited for by IDLE, beside INBOX: each takes a connection while one is free. The others are polled.',
        ...patterns,
        'x-mailmill-default': [],
      }),
    ),
  },
  { description: 'Which folders are read.', 'x-mailmill-default': {} },
);
