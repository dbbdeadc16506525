import { Closed, Duration, OneOf, secretKeyRef, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { changesField } from './changes.ts';

/** Hosts that plain HTTP may go to without a word: this machine, and Services of the cluster. */
const nearHosts =
  'localhost|127(\\\\.[0-9]{1,3}){3}|\\\\[::1\\\\]|[-a-z0-9]+(\\\\.[-a-z0-9]+)?\\\\.svc(\\\\.cluster\\\\.local)?';

/** `webhook` of a sink. */
export const webhook = Closed(
  {
    url: Text({
      description:
        'Where each document is sent by POST. Must be `https://`, except to loopback addresses and `*.svc` of the cluster. Redirects are not followed; link-local addresses, such as those of cloud metadata, are refused.',
      minLength: 9,
      maxLength: 1024,
      pattern: '^https?://[^/?#@\\s]+([/?][^#\\s]*)?$',
    }),
    mode: Type.Optional(
      OneOf(['Json', 'Raw'], {
        description:
          'What is sent: `Json`, the document, or `Raw`, the message as it was received (`message/rfc822`), which a MailboxSource `http` takes.',
        'x-mailmill-default': 'Json',
      }),
    ),
    auth: Type.Optional(
      Closed(
        {
          type: OneOf(['Bearer', 'Signature'], {
            description:
              'How the receiver knows us: `Bearer` sends the Secret as a token; `Signature` signs by Standard Webhooks (`webhook-signature`, HMAC-SHA256).',
          }),
          secretRef: secretKeyRef(
            'The token, or the key of the signature: base64 of 24 to 64 bytes, also with `whsec_` in front.',
            'token',
          ),
        },
        { description: 'How the receiver knows us; absent: it does not.' },
      ),
    ),
    changes: changesField(
      'What happens later to messages that were read is sent as well, each in a request of its own: other flags, gone from the folder, moved to another one (where the server has object ids). Only in mode Json, and for an IMAP source that the pipeline reads itself.',
    ),
    tls: Type.Optional(
      Closed(
        {
          caSecretRef: Type.Optional(
            secretKeyRef('PEM certificates to trust instead of the public authorities.', 'ca.crt'),
          ),
        },
        { description: 'Transport security.', 'x-mailmill-default': {} },
      ),
    ),
    allowHttp: Type.Optional(
      Type.Boolean({
        description: 'Allow `http://` to any host: whoever is on the way reads the mail and the token.',
        'x-mailmill-default': false,
      }),
    ),
    timeout: Type.Optional(
      Duration({
        description: 'Without a sign of the receiver for this long, an attempt has failed.',
        'x-mailmill-default': '30s',
      }),
    ),
    concurrency: Type.Optional(
      Type.Integer({
        description: 'Requests of one worker at the same time.',
        minimum: 1,
        maximum: 64,
        'x-mailmill-default': 8,
      }),
    ),
  },
  {
    description: 'An HTTP endpoint that receives each document by POST, at least once, with a key that repeats carry.',
    'x-kubernetes-validations': [
      {
        rule: `self.url.startsWith("https://") || (has(self.allowHttp) && self.allowHttp) || self.url.matches("^http://(${nearHosts})(:[0-9]+)?([/?].*)?$")`,
        message: 'must begin with https://: the request holds mail (allowHttp: true sends it in the clear)',
        fieldPath: '.url',
      },
      {
        rule: '!has(self.changes) || !has(self.mode) || self.mode == "Json"',
        message: 'changes need mode Json: they are no mail',
        fieldPath: '.changes',
      },
    ],
  },
);

export type WebhookSpec = Static<typeof webhook>;
