import { Closed, Duration, OneOf, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { messageSize, since } from './imap.ts';
import { volumeClaim } from './volume.ts';

const filePattern = Text({
  description: 'Path below the directory; `*` matches any characters but `/`, `**` any characters.',
  minLength: 1,
  maxLength: 255,
});

const files = Closed(
  {
    include: Type.Optional(
      Type.Array(filePattern, {
        description: 'Files to read.',
        minItems: 1,
        maxItems: 64,
        'x-kubernetes-list-type': 'atomic',
        'x-mailmill-default': ['**'],
      }),
    ),
    exclude: Type.Optional(
      Type.Array(filePattern, {
        description: 'Files not to read although `include` matches them.',
        maxItems: 64,
        'x-kubernetes-list-type': 'atomic',
        'x-mailmill-default': [],
      }),
    ),
  },
  {
    description:
      'Which files of a directory are read, each as a folder. Hidden files, links and what does not begin with a From_ line are left out anyway.',
    'x-mailmill-default': {},
  },
);

/** `spec.mbox` of a MailboxSource. */
export const mbox = Closed(
  {
    path: Type.Optional(
      Text({
        description:
          'An mbox file, or a directory of them, for `mailmill run` on one machine; relative to the file that names it.',
        minLength: 1,
        maxLength: 1024,
      }),
    ),
    persistentVolumeClaim: Type.Optional(volumeClaim('the mbox files')),
    files: Type.Optional(files),
    format: Type.Optional(
      OneOf(['Auto', 'mboxrd', 'mboxo', 'mboxcl', 'mboxcl2'], {
        description:
          'How lines that begin with `From ` are told from the beginnings of messages. `mboxrd`: one `>` is taken from `>From `, `>>From ` and so on; `mboxo`: from `>From ` alone; `mboxcl` and `mboxcl2`: Content-Length tells where a message ends, with `>` taken away or not. `Auto`: mboxcl2 where Content-Length leads to a From_ line or the end, else mboxrd.',
        'x-mailmill-default': 'Auto',
      }),
    ),
    since: Type.Optional(since),
    pollInterval: Type.Optional(
      Duration({ description: 'How often the files are looked at.', 'x-mailmill-default': '5s' }),
    ),
    limits: Type.Optional(
      Closed(
        { messageSize: Type.Optional(messageSize) },
        { description: 'What this source may use.', 'x-mailmill-default': {} },
      ),
    ),
  },
  {
    description: 'Files in mbox format, read only; what is appended is read within seconds.',
    'x-kubernetes-validations': [
      {
        rule: 'has(self.path) != has(self.persistentVolumeClaim)',
        message: 'exactly one of path (one machine) and persistentVolumeClaim (cluster) must be set',
      },
    ],
  },
);

export type MboxSpec = Static<typeof mbox>;
