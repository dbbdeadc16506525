import { Closed, Name, OneOf, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { keep, listenerCertificate, listenerPort, repeatWindow, smtpLimits } from './pushed.ts';

/** `spec.smtp` of a MailboxSource. */
export const smtp = Closed(
  {
    protocol: Type.Optional(
      OneOf(['SMTP', 'LMTP'], {
        description:
          'What the listener speaks. LMTP (RFC 2033) answers for each recipient: for a mail server that delivers here.',
        'x-mailmill-default': 'SMTP',
      }),
    ),
    port: listenerPort(2525),
    hostname: Type.Optional(
      Text({
        description:
          'Name that the listener gives itself, in its greeting and in the Received header that it adds. Default: the name of its host or pod.',
        minLength: 1,
        maxLength: 253,
        pattern: '^[a-zA-Z0-9]([-a-zA-Z0-9.]*[a-zA-Z0-9])?$',
      }),
    ),
    recipients: Type.Array(
      Text({
        description:
          'Address, in any case; `*` stands for any characters on its side of the `@`: `*@orders.example.com`, `alerts+*@example.com`.',
        minLength: 3,
        maxLength: 320,
        pattern: '^[^\\s@<>]+@[^\\s@<>]+$',
      }),
      {
        description:
          'Recipients that are accepted; others are refused for good (550). Each recipient of a message has a copy of its own.',
        minItems: 1,
        maxItems: 256,
        'x-kubernetes-list-type': 'atomic',
      },
    ),
    tls: Type.Optional(
      Closed(
        {
          mode: Type.Optional(
            OneOf(['StartTLS', 'Implicit'], {
              description: 'Whether the listener offers STARTTLS or expects TLS from the first byte.',
              'x-mailmill-default': 'StartTLS',
            }),
          ),
          required: Type.Optional(
            Type.Boolean({
              description: 'Refuse mail before STARTTLS (530).',
              'x-mailmill-default': false,
            }),
          ),
          certificateSecretRef: listenerCertificate,
        },
        { description: 'Transport security. Absent: none, for senders on the same machine or network.' },
      ),
    ),
    auth: Type.Optional(
      Closed(
        {
          secretRef: Closed(
            { name: Name({ description: 'Name of a Secret with the keys `username` and `password`.' }) },
            { description: 'The login.' },
          ),
        },
        { description: 'Login that senders need (AUTH PLAIN or LOGIN, over TLS alone). Absent: none.' },
      ),
    ),
    proxyProtocolFrom: Type.Optional(
      Type.Array(
        Text({
          description: 'IP address of a load balancer.',
          minLength: 2,
          maxLength: 45,
          pattern: '^[0-9a-fA-F.:]+$',
        }),
        {
          description:
            "Load balancers that tell the client's address by the PROXY protocol (version 1). Connections from elsewhere must not begin with it.",
          minItems: 1,
          maxItems: 32,
          'x-kubernetes-list-type': 'atomic',
        },
      ),
    ),
    keep,
    repeatWindow,
    limits: smtpLimits,
  },
  {
    description: 'A listener that mail servers deliver to. What it has accepted is in the store.',
    'x-kubernetes-validations': [
      { rule: '!has(self.auth) || has(self.tls)', message: 'auth needs tls: passwords are not sent in the clear' },
    ],
  },
);

export type SmtpSpec = Static<typeof smtp>;
