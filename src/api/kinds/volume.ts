import { Closed, Name, Text } from '../schema.ts';
import { Type } from '../type.ts';

/** A volume that a source reads, mounted read-only; `holds` says what its directory has in it. */
export const volumeClaim = (holds: string) =>
  Closed(
    {
      claimName: Name({
        description: 'A PersistentVolumeClaim in the namespace of this resource; mounted read-only.',
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
    { description: 'The volume that is read, in a cluster.' },
  );
