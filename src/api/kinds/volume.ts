import { Closed, Name, Text } from '../schema.ts';
import { Type } from '../type.ts';

/** A volume of a source; `holds` says what its directory has in it. A source's own mail is mounted read-only. */
export const volumeClaim = (holds: string, mode: 'ReadOnly' | 'ReadWriteMany' = 'ReadOnly') =>
  Closed(
    {
      claimName: Name({
        description:
          mode === 'ReadOnly'
            ? 'A PersistentVolumeClaim in the namespace of this resource; mounted read-only.'
            : 'A PersistentVolumeClaim in the namespace of this resource. The collector writes it, pipelines mount it read-only; on several nodes it must be ReadWriteMany.',
      }),
      subPath: Type.Optional(
        Text({
          description: `Directory within the volume that holds ${holds}.`,
          minLength: 1,
          maxLength: 1024,
          pattern: '^[^/\\p{Cc}][^\\p{Cc}]*$',
          'x-kubernetes-validations': [
            { rule: '!("/" + self + "/").contains("/../")', message: 'must not leave the volume by `..`' },
          ],
        }),
      ),
    },
    { description: mode === 'ReadOnly' ? 'The volume that is read, in a cluster.' : 'The volume, in a cluster.' },
  );
