import type { S3Spec } from '../../api/kinds/s3.ts';
import type { BucketOptions } from './bucket.ts';

/** How a bucket is reached by a spec's fields. Credentials are read when they are needed. */
export function bucketOptions(
  spec: Pick<S3Spec, 'bucket' | 'prefix' | 'region' | 'endpoint' | 'forcePathStyle' | 'auth'>,
  secret: (name: string, key: string) => Promise<string>,
): BucketOptions {
  // The compiler has filled in what is left out; these are the same.
  const { bucket, prefix = '', region = 'us-east-1', endpoint, forcePathStyle = false, auth } = spec;
  return {
    bucket,
    prefix,
    region,
    endpoint,
    forcePathStyle,
    credentials:
      auth &&
      (async () => ({
        accessKeyId: (await secret(auth.secretRef.name, 'accessKeyId')).trim(),
        secretAccessKey: (await secret(auth.secretRef.name, 'secretAccessKey')).trim(),
      })),
  };
}
