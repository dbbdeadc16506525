import { Closed, secretKeyRef, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { keep, limits, listenerCertificate, listenerPort, repeatWindow } from './pushed.ts';

/** `spec.http` of a MailboxSource. */
export const http = Closed(
  {
    port: listenerPort(8025),
    path: Type.Optional(
      Text({
        description: 'Path that messages are posted to.',
        minLength: 1,
        maxLength: 256,
        pattern: '^/[-._~a-zA-Z0-9/]*$',
        'x-mailmill-default': '/messages',
      }),
    ),
    auth: Closed(
      {
        secretRef: secretKeyRef(
          'Bearer tokens that are accepted, one a line; two while one is being replaced.',
          'token',
        ),
      },
      { description: 'What senders must show.' },
    ),
    tls: Type.Optional(
      Closed(
        { certificateSecretRef: listenerCertificate },
        {
          description:
            'Transport security. Absent: none, for senders on the same machine or behind a proxy that has it.',
        },
      ),
    ),
    keep,
    repeatWindow,
    limits,
  },
  {
    description:
      'A listener that messages are posted to, as message/rfc822 or as the part `message` of multipart/form-data. What it has accepted is in the store.',
  },
);

export type HttpSpec = Static<typeof http>;
