import { Closed, Name, OneOf, secretKeyRef, Text } from '../schema.ts';
import { Type } from '../type.ts';

const isOAuth2 = 'has(self.type) && self.type == "OAuth2"';
const oauthFields = ['tokenUrl', 'grant', 'scope', 'mechanism', 'clientAuthentication', 'tokenCaSecretRef'];

/** `spec.imap.auth` of a MailboxSource. */
export const auth = Closed(
  {
    type: Type.Optional(
      OneOf(['Password', 'OAuth2'], { description: 'How to log in.', 'x-mailmill-default': 'Password' }),
    ),
    secretRef: Type.Optional(
      Closed(
        {
          name: Name({
            description:
              'Name of a Secret. Its keys: `username`, always, is whose mail is read; `password`; with `loginAs` also `adminUsername`; with OAuth2 instead of a password `clientId`, `clientSecret` (unless `clientAuthentication` is None) and, for the grant RefreshToken, `refreshToken`. With `accounts` it holds what they share, without `username` and `refreshToken`.',
          }),
        },
        { description: 'The login.' },
      ),
    ),
    loginAs: Type.Optional(
      OneOf(['AuthorizationIdentity', 'MasterUser'], {
        description:
          'Read the mailbox of `username` with the login of an administrator, `adminUsername` and `password` of the Secret: by the authorization identity of SASL PLAIN (RFC 4616), or as `username*adminUsername`, a master user of Dovecot.',
      }),
    ),
    grant: Type.Optional(
      OneOf(['ClientCredentials', 'RefreshToken'], {
        description:
          'How access tokens are had: for the application itself (app-only), or with a refresh token that somebody consented to. A refresh token that the provider replaces is kept in the store, encrypted (`encryption.keyRef`), until the Secret has another.',
      }),
    ),
    tokenUrl: Type.Optional(
      Text({
        description: 'Token endpoint of the provider. `http://` is for loopback addresses alone.',
        minLength: 1,
        maxLength: 1024,
        pattern: '^https?://[^/?#@\\s]+(/[^#\\s]*)?$',
        'x-kubernetes-validations': [
          {
            rule: 'self.startsWith("https://") || self.matches("^http://(localhost|127[.]0[.]0[.]1|\\\\[::1\\\\])(:[0-9]+)?(/.*)?$")',
            message: 'must begin with https://: the request holds the client secret',
          },
        ],
      }),
    ),
    scope: Type.Optional(
      Text({
        description: 'Scopes to ask for, separated by spaces. Absent: what the provider gives.',
        minLength: 1,
        maxLength: 1024,
      }),
    ),
    mechanism: Type.Optional(
      OneOf(['OAUTHBEARER', 'XOAUTH2'], {
        description: 'SASL mechanism. Absent: OAUTHBEARER (RFC 7628) where the server offers it, else XOAUTH2.',
      }),
    ),
    clientAuthentication: Type.Optional(
      OneOf(['Post', 'Basic', 'None'], {
        description:
          'Where `clientId` and `clientSecret` go: into the body of the request, or its Authorization header. None: a public client, which has no secret. Absent: Post.',
      }),
    ),
    tokenCaSecretRef: Type.Optional(
      secretKeyRef('PEM certificates to trust at the token endpoint instead of the public authorities.', 'ca.crt'),
    ),
  },
  {
    description: 'The login.',
    'x-mailmill-default': {},
    'x-kubernetes-validations': [
      {
        rule: `!(${isOAuth2}) || (has(self.tokenUrl) && has(self.grant))`,
        message: 'type OAuth2 needs tokenUrl and grant',
      },
      {
        rule: `(${isOAuth2}) || !(${oauthFields.map((field) => `has(self.${field})`).join(' || ')})`,
        message: `${oauthFields.slice(0, -1).join(', ')} and ${oauthFields.at(-1)} need type OAuth2`,
      },
      { rule: `!(${isOAuth2}) || !has(self.loginAs)`, message: 'loginAs needs type Password' },
      {
        rule: '!has(self.grant) || self.grant != "ClientCredentials" || !has(self.clientAuthentication) || self.clientAuthentication != "None"',
        message: 'grant ClientCredentials needs a client secret: clientAuthentication Post or Basic',
      },
    ],
  },
);
