import { expect, test } from 'vitest';
import { isGone, s3Error } from '../../../src/sources/s3/errors.ts';

const named = (name: string, httpStatusCode?: number) =>
  Object.assign(new Error('secret detail'), { name, $metadata: { httpStatusCode } });

test.each([
  ['SlowDown', 503, 'Waiting', 'S3_THROTTLED'],
  ['ServiceUnavailable', 503, 'Waiting', 'S3_THROTTLED'],
  ['NoSuchBucket', 404, 'Stalled', 'S3_BUCKET_MISSING'],
  ['InvalidAccessKeyId', 403, 'Stalled', 'S3_AUTH_REJECTED'],
  ['ExpiredToken', 400, 'Stalled', 'S3_AUTH_REJECTED'],
  ['CredentialsProviderError', undefined, 'Stalled', 'S3_NO_CREDENTIALS'],
  ['AccessDenied', 403, 'Stalled', 'S3_FORBIDDEN'],
  ['PermanentRedirect', 301, 'Stalled', 'S3_REGION_WRONG'],
  ['RequestTimeTooSkewed', 403, 'Stalled', 'S3_CLOCK_SKEWED'],
  ['InternalError', 500, 'Transient', 'S3_UNAVAILABLE'],
  ['TimeoutError', undefined, 'Transient', 'S3_UNAVAILABLE'],
])('%s (%s) is %s %s', (name, status, family, code) => {
  const error = s3Error(named(name, status), 'archive.s3');
  expect(error).toMatchObject({ family, code });
  expect(error.message).not.toContain('secret');
});

test('what is gone is told from what is forbidden or elsewhere', () => {
  expect(['NoSuchKey', 'NotFound', 'PreconditionFailed', 'NoSuchVersion'].every((name) => isGone(named(name)))).toBe(
    true,
  );
  expect(['NoSuchBucket', 'AccessDenied', 'SlowDown'].some((name) => isGone(named(name, 404)))).toBe(false);
});
