import { Closed, Duration, Name, Size } from '../schema.ts';
import { Type } from '../type.ts';

/** TCP port of a listener; those below 1024 are not for pods without privileges. */
export const listenerPort = (fallback: number) =>
  Type.Optional(
    Type.Integer({
      description: 'TCP port that the listener has, in its pod and its Service.',
      minimum: 1,
      maximum: 65535,
      'x-mailmill-default': fallback,
    }),
  );

export const listenerCertificate = Closed(
  {
    name: Name({
      description:
        'Name of a Secret with the keys `tls.crt` and `tls.key` (PEM), as cert-manager writes it. A renewed certificate takes effect within a minute.',
    }),
  },
  { description: "The listener's certificate." },
);

/** How long pushed mail is kept. */
export const keep = Type.Optional(
  Duration({
    description:
      'How long a message is kept at least. After that it goes when every pipeline that has begun to read the source, one at least, has finished it.',
    'x-mailmill-default': '7d',
  }),
);

/** How long a repeated delivery is recognised. */
export const repeatWindow = Type.Optional(
  Duration({
    description:
      'How long a second delivery of the same message is taken for a repeat, because its sender did not get our answer, and not for another message.',
    'x-mailmill-default': '5d',
  }),
);

const limit = {
  messageSize: Type.Optional(
    Size({ description: 'Larger messages are refused for good.', 'x-mailmill-default': '64Mi' }),
  ),
  keptSize: Type.Optional(
    Size({
      description:
        'What kept mail may take in the store, compressed. At this size mail is refused for the time being, and its senders try again.',
      'x-mailmill-default': '20Gi',
    }),
  ),
  connections: Type.Optional(
    Type.Integer({
      description: 'Connections to one collector at the same time.',
      minimum: 1,
      maximum: 10_000,
      'x-mailmill-default': 100,
    }),
  ),
};

export const limits = Type.Optional(
  Closed(limit, { description: 'What this source may use.', 'x-mailmill-default': {} }),
);

export const smtpLimits = Type.Optional(
  Closed(
    {
      ...limit,
      recipients: Type.Optional(
        Type.Integer({
          description: 'Recipients of one message; its sender gives the others in another transaction.',
          minimum: 1,
          maximum: 1000,
          'x-mailmill-default': 100,
        }),
      ),
    },
    { description: 'What this source may use.', 'x-mailmill-default': {} },
  ),
);
