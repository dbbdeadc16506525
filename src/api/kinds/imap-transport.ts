import { Closed, Name, OneOf, secretKeyRef, Text } from '../schema.ts';
import { Type } from '../type.ts';

/** `spec.imap.tls` of a MailboxSource. */
export const tls = Closed(
  {
    mode: Type.Optional(
      OneOf(['Implicit', 'StartTLS', 'None'], {
        description: 'How the connection is secured. `None` sends passwords and mail in the clear.',
        'x-mailmill-default': 'Implicit',
      }),
    ),
    caSecretRef: Type.Optional(secretKeyRef('PEM certificates to trust instead of the public authorities.', 'ca.crt')),
    certificateSecretRef: Type.Optional(
      Closed(
        {
          name: Name({
            description: 'Name of a Secret with the keys `tls.crt` and `tls.key` (PEM), as cert-manager writes it.',
          }),
        },
        { description: 'Certificate that the server asks its clients for.' },
      ),
    ),
    serverName: Type.Optional(
      Text({
        description: 'Name to ask for (SNI) and to expect in the certificate, where it is not `host`.',
        minLength: 1,
        maxLength: 253,
        pattern: '^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$',
      }),
    ),
  },
  {
    description: 'Transport security.',
    'x-mailmill-default': {},
    'x-kubernetes-validations': [
      {
        rule: '!has(self.mode) || self.mode != "None" || !(has(self.certificateSecretRef) || has(self.serverName))',
        message: 'certificateSecretRef and serverName need TLS: mode Implicit or StartTLS',
      },
    ],
  },
);

/** `spec.imap.proxy` of a MailboxSource. */
export const proxy = Closed(
  {
    url: Text({
      description:
        'Address of the proxy: `http://` or `https://` (CONNECT) or `socks5://`, with host and port. Names of servers are resolved by the proxy.',
      minLength: 1,
      maxLength: 300,
      pattern: '^(http|https|socks5)://[a-zA-Z0-9.:\\[\\]-]+/?$',
    }),
    secretRef: Type.Optional(
      Closed(
        { name: Name({ description: 'Name of a Secret with the keys `username` and `password`.' }) },
        { description: 'Login of the proxy.' },
      ),
    ),
  },
  { description: 'Proxy on the way to the server, and to the token endpoint of OAuth2.' },
);
