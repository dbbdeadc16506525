import { Closed, Duration, Name, OneOf, Text } from '../schema.ts';
import { type Static, Type } from '../type.ts';
import { messageSize, since } from './imap.ts';

const keyPattern = Text({
  description: 'Key after the prefix; `*` matches any characters but `/`, `**` any characters.',
  minLength: 1,
  maxLength: 255,
});

/** Where a bucket is and who reads it; shared by the source and the archive. */
export const bucketFields = {
  bucket: Text({
    description: 'Name of the bucket.',
    minLength: 3,
    maxLength: 63,
    pattern: '^[a-z0-9][-a-z0-9.]*[a-z0-9]$',
  }),
  prefix: Type.Optional(
    Text({
      description: 'What keys begin with; usually it ends with `/`.',
      maxLength: 512,
      pattern: '^[^/\\p{Cc}][^\\p{Cc}]*$',
    }),
  ),
  region: Type.Optional(
    Text({
      description: 'Region of the bucket.',
      minLength: 1,
      maxLength: 64,
      pattern: '^[a-z0-9][-a-z0-9]*$',
      'x-mailmill-default': 'us-east-1',
    }),
  ),
  endpoint: Type.Optional(
    Text({
      description: 'Address of an S3 service that is not that of AWS.',
      minLength: 1,
      maxLength: 512,
      pattern: '^https?://[^/?#@\\s]+(/[^?#\\s]*)?$',
    }),
  ),
  forcePathStyle: Type.Optional(
    Type.Boolean({
      description: 'Put the bucket into the path instead of the host name, as most other services need it.',
      'x-mailmill-default': false,
    }),
  ),
  auth: Type.Optional(
    Closed(
      {
        secretRef: Closed(
          { name: Name({ description: 'Name of a Secret with the keys `accessKeyId` and `secretAccessKey`.' }) },
          { description: 'The credentials.' },
        ),
      },
      {
        description:
          'Absent: the credentials that the pod has, such as those of its service account (IRSA, EKS Pod Identity), the environment or the instance.',
      },
    ),
  ),
};

/** `spec.s3` of a MailboxSource. */
export const s3 = Closed(
  {
    ...bucketFields,
    keys: Type.Optional(
      Closed(
        {
          include: Type.Optional(
            Type.Array(keyPattern, {
              description: 'Objects to read.',
              minItems: 1,
              maxItems: 64,
              'x-kubernetes-list-type': 'atomic',
              'x-mailmill-default': ['**'],
            }),
          ),
          exclude: Type.Optional(
            Type.Array(keyPattern, {
              description: 'Objects not to read although `include` matches them.',
              maxItems: 64,
              'x-kubernetes-list-type': 'atomic',
              'x-mailmill-default': [],
            }),
          ),
        },
        { description: 'Which objects under the prefix are mail.', 'x-mailmill-default': {} },
      ),
    ),
    versions: Type.Optional(
      OneOf(['Latest', 'All'], {
        description:
          'Of a bucket with versioning: what an object holds now, or every version that it ever had. An object that is overwritten is another message either way.',
        'x-mailmill-default': 'Latest',
      }),
    ),
    since: Type.Optional(since),
    pollInterval: Type.Optional(
      Duration({ description: 'How often the bucket is asked for new objects.', 'x-mailmill-default': '1m' }),
    ),
    limits: Type.Optional(
      Closed(
        {
          listRequestsPerPoll: Type.Optional(
            Type.Integer({
              description:
                'Requests that one poll may spend on listing, each for 1,000 keys: the keys behind the last one, then as much of the rest as is left; the next poll goes on there. So new objects are found at once where keys grow, and anywhere within as many polls as the prefix needs.',
              minimum: 2,
              maximum: 10000,
              'x-mailmill-default': 50,
            }),
          ),
          messageSize: Type.Optional(messageSize),
        },
        { description: 'What this source may use.', 'x-mailmill-default': {} },
      ),
    ),
  },
  {
    description:
      'Objects of an S3 bucket, each a message, as Amazon SES and mail gateways store them. Read only: nothing is deleted or marked; a lifecycle rule of the bucket does that.',
  },
);

export type S3Spec = Static<typeof s3>;
