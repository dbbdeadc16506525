import { Closed, Duration, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { folders, messageSize, since } from './imap.ts';
import { volumeClaim } from './volume.ts';

/** `spec.maildir` of a MailboxSource. */
export const maildir = Closed(
  {
    path: Type.Optional(
      Text({
        description:
          'Directory that holds `cur`, `new` and `tmp`, for `mailmill run` on one machine; relative to the file that names it. Subfolders are Maildir++ (`.Archive.2026`).',
        minLength: 1,
        maxLength: 1024,
      }),
    ),
    persistentVolumeClaim: Type.Optional(volumeClaim('`cur`, `new` and `tmp`')),
    folders: Type.Optional(folders),
    since: Type.Optional(since),
    pollInterval: Type.Optional(
      Duration({ description: 'How often the directory is read.', 'x-mailmill-default': '5s' }),
    ),
    limits: Type.Optional(
      Closed(
        { messageSize: Type.Optional(messageSize) },
        { description: 'What this source may use.', 'x-mailmill-default': {} },
      ),
    ),
  },
  {
    description: 'A Maildir, read only.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.path) != has(self.persistentVolumeClaim)',
        message: 'exactly one of path (one machine) and persistentVolumeClaim (cluster) must be set',
      },
    ],
  },
);

export type MaildirSpec = Static<typeof maildir>;
