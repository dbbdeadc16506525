import { Closed, secretKeyRef, Text } from '../schema.ts';
import { Type } from '../type.ts';

/** `spec.imap.accounts` of a MailboxSource. */
export const accounts = Closed(
  {
    secretRef: Type.Optional(
      secretKeyRef(
        'List of accounts, as YAML or JSON: each `{name, username, password}`; `name`, by which the store knows it, is by default `username`. Without `password` where `auth` has the login of an administrator or OAuth2, and with `refreshToken` for that grant; `username` alone may then stand for an entry.',
        'accounts',
      ),
    ),
    table: Type.Optional(
      Closed(
        {
          secretRef: secretKeyRef(
            'URI of a PostgreSQL database, `postgresql://user:password@host:5432/database`.',
            'uri',
          ),
          table: Text({
            description:
              'Table or view with the columns `username` and, as in a list, `name`, `password`, `refresh_token`; other columns are not looked at.',
            minLength: 1,
            maxLength: 127,
            pattern: '^[a-z_][a-z0-9_]{0,62}([.][a-z_][a-z0-9_]{0,62})?$',
          }),
        },
        { description: 'A table of accounts.' },
      ),
    ),
  },
  {
    description:
      'Many accounts behind one source. The list is read again every ten seconds: what is new is read, what is gone is left, and only logins that changed connect again.',
    'x-kubernetes-validations': [
      { rule: 'has(self.secretRef) != has(self.table)', message: 'exactly one of secretRef and table must be set' },
    ],
  },
);
