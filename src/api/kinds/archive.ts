import { Closed, Duration, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { changesField } from './changes.ts';
import { bucketFields } from './s3.ts';
import { volumeClaim } from './volume.ts';

/** `spec.archive` of a MailboxSource. */
export const archive = Closed(
  {
    s3: Type.Optional(Closed(bucketFields, { description: 'Objects of a bucket.' })),
    volume: Type.Optional(
      Closed(
        {
          path: Type.Optional(
            Text({
              description: 'Directory, for `mailmill run` on one machine; relative to the file that names it.',
              minLength: 1,
              maxLength: 1024,
            }),
          ),
          persistentVolumeClaim: Type.Optional(volumeClaim('the archive', 'ReadWriteMany')),
        },
        {
          description: 'Files on a volume.',
          'x-kubernetes-validations': [
            {
              rule: 'has(self.path) != has(self.persistentVolumeClaim)',
              message: 'exactly one of path (one machine) and persistentVolumeClaim (cluster) must be set',
            },
          ],
        },
      ),
    ),
    postgres: Type.Optional(Closed({}, { description: 'Rows of the store (`storeRef`).' })),
    retention: Type.Optional(
      Duration({
        description:
          'How long mail is kept after it was archived; absent: for ever. Segments go as a whole, whether their mail was read or not; messages on hold, and those that were seen again since, are carried over.',
      }),
    ),
    changes: changesField(
      'What happens later to archived messages, and is kept for pipelines whose sinks ask for it: `flags`, `expunge` (the archive keeps the message), `move` (where the server has object ids). For imap. Absent: nothing; flags are those that a message was archived with.',
    ),
  },
  {
    description:
      "Keeps each raw message once. The source's collector reads the mailbox and writes the archive; pipelines read the archive, each at its own pace, and need no connection to the mailbox.",
    'x-kubernetes-validations': [
      {
        rule: '[has(self.s3), has(self.volume), has(self.postgres)].filter(set, set).size() == 1',
        message: 'exactly one of s3, volume and postgres must be set',
      },
    ],
  },
);

export type ArchiveSpec = Static<typeof archive>;

/** What of an archive says where it is. */
export type ArchivePlace = Pick<ArchiveSpec, 's3' | 'volume' | 'postgres'>;
