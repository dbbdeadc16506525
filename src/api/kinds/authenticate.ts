import { Closed, Duration, secretKeyRef, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { fieldName } from './steps.ts';

/** `authenticate` of a step. */
export const authenticate = Closed(
  {
    trust: Type.Optional(
      Type.Array(
        Text({
          description:
            'An authserv-id, the first word of the header; `-` for headers without one, as Exchange Online writes.',
          minLength: 1,
          maxLength: 255,
          pattern: '^[^\\s;()"\\p{Cc}]+$',
        }),
        {
          description:
            'Servers of yours whose Authentication-Results count. The mail server at your border must remove such headers from what it receives (RFC 8601 §5).',
          minItems: 1,
          maxItems: 16,
          'x-kubernetes-list-type': 'set',
        },
      ),
    ),
    receivedBy: Type.Optional(
      Type.Array(
        Text({
          description:
            'Name of a mail server of yours behind `by` in Received headers; `*.example.com` for all below example.com.',
          minLength: 1,
          maxLength: 253,
          pattern: '^(\\*\\.)?[a-zA-Z0-9]([-a-zA-Z0-9._]*[a-zA-Z0-9])?$',
        }),
        {
          description:
            'Your own mail servers. Their Received headers tell where mail came in: what stands below is not trusted, and the client there is the one that live checks take.',
          minItems: 1,
          maxItems: 32,
          'x-kubernetes-list-type': 'set',
        },
      ),
    ),
    live: Type.Optional(
      Closed(
        {
          timeout: Type.Optional(
            Duration({
              description: 'Time for the DNS lookups of one message; what is not known then is `temperror`.',
              'x-mailmill-default': '10s',
            }),
          ),
          zoneSecretRef: Type.Optional(
            secretKeyRef('Zone file (RFC 1035) that answers instead of the DNS, for clusters without one.', 'zone'),
          ),
        },
        {
          description:
            'Check SPF, DKIM, DMARC and ARC against the DNS where no trusted header tells: only mail of the last three days whose client is known, because keys change.',
        },
      ),
    ),
    field: Type.Optional({
      ...fieldName,
      description: 'Document field that holds the result.',
      'x-mailmill-default': 'authentication',
    }),
  },
  {
    description:
      'How the sender was authenticated, as a document field. What nobody can tell is `unverifiable`, never `fail`.',
    'x-kubernetes-validations': [
      { rule: 'has(self.trust) || has(self.live)', message: 'trust or live must be set' },
      { rule: '!has(self.live) || has(self.receivedBy)', message: 'live needs receivedBy', fieldPath: '.receivedBy' },
    ],
  },
);

export type AuthenticateSpec = Static<typeof authenticate>;
