import { Closed, OneOf, secretKeyRef, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { changesField } from './changes.ts';

/** `postgres` of a sink. */
export const postgres = Closed(
  {
    secretRef: secretKeyRef(
      'Connection URI (`postgresql://user:password@host:5432/database`); CloudNativePG writes such a Secret as `<cluster>-app`.',
      'uri',
    ),
    schema: Type.Optional(
      Text({
        description: 'Schema of the table.',
        minLength: 1,
        maxLength: 63,
        pattern: '^[a-z_][a-z0-9_]*$',
        'x-mailmill-default': 'public',
      }),
    ),
    table: Text({
      description: 'Table that receives one row a document; made when it does not exist.',
      minLength: 1,
      maxLength: 63,
      pattern: '^[a-z_][a-z0-9_]*$',
    }),
    mode: Type.Optional(
      OneOf(['Upsert'], {
        description: 'A document that comes again replaces its row, unless the row has a newer edition.',
        'x-mailmill-default': 'Upsert',
      }),
    ),
    columns: Type.Optional(
      Type.Array(
        Text({
          description: 'Name of a document field.',
          minLength: 1,
          maxLength: 59,
          pattern: '^[a-z_][a-zA-Z0-9_]*$',
        }),
        {
          description: 'Document fields that become columns, one each. Absent: all fields.',
          minItems: 1,
          maxItems: 200,
          'x-kubernetes-list-type': 'set',
        },
      ),
    ),
    changes: changesField(
      'What happens later to messages that were read becomes rows of the table `<table>_changes`: other flags, gone from the folder, moved to another one (where the server has object ids). Only for an IMAP source that the pipeline reads itself.',
    ),
  },
  {
    description: 'A table in a PostgreSQL database (14 or later).',
    'x-kubernetes-validations': [
      {
        rule: '!has(self.changes) || size(self.table) <= 55',
        message: 'with changes the name of the table has at most 55 characters: _changes is added to it',
        fieldPath: '.table',
      },
    ],
  },
);

export type PostgresSpec = Static<typeof postgres>;
