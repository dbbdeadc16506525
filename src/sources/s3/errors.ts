import { MailmillError, stalled, transient, waiting } from '../../telemetry/errors.ts';

/** What of an error of the AWS SDK is of use; every field may be missing. */
interface ServiceError {
  readonly name: string;
  readonly status: number | undefined;
  readonly code: string | undefined;
}

function described(error: unknown): ServiceError {
  if (!(error instanceof Error)) return { name: '', status: undefined, code: undefined };
  const metadata = '$metadata' in error ? error.$metadata : undefined;
  const status =
    typeof metadata === 'object' && metadata !== null && 'httpStatusCode' in metadata
      ? metadata.httpStatusCode
      : undefined;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { name: error.name, status: typeof status === 'number' ? status : undefined, code };
}

const throttled = new Set([
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'RequestLimitExceeded',
  'TooManyRequestsException',
]);
const unknownLogin = new Set([
  'ExpiredToken',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'ExpiredTokenException',
  'XAdminUserNotFound', // Versity's name for an unknown key
]);
const elsewhere = new Set(['PermanentRedirect', 'AuthorizationHeaderMalformed', 'IllegalLocationConstraintException']);

const gone = new Set(['NoSuchKey', 'NoSuchVersion', 'NotFound', 'PreconditionFailed']);

/** Whether an object, or this version of it, is not there. */
export const isGone = (error: unknown): boolean => gone.has(described(error).name);

/** Whether an object must be restored from cold storage before it can be read. */
export const isFrozen = (error: unknown): boolean => described(error).name === 'InvalidObjectState';

/** What an error of S3 means for us. `what` says which bucket field is meant, such as `s3` or `archive.s3`. */
export function s3Error(error: unknown, what = 's3'): MailmillError {
  if (error instanceof MailmillError) return error;
  const { name, status, code } = described(error);
  const cause = { cause: error };
  if (throttled.has(name) || status === 503 || status === 429)
    return waiting('S3_THROTTLED', 'S3 asked for a pause; it is tried again in 30 s', {
      ...cause,
      retryAfterMs: 30_000,
    });
  if (name === 'NoSuchBucket')
    return stalled('S3_BUCKET_MISSING', `there is no such bucket; check ${what}.bucket, region and endpoint`, cause);
  if (unknownLogin.has(name))
    return stalled(
      'S3_AUTH_REJECTED',
      `S3 does not take the credentials; renew the Secret of ${what}.auth, or what the pod's service account has`,
      cause,
    );
  if (name === 'CredentialsProviderError')
    return stalled(
      'S3_NO_CREDENTIALS',
      `there are no credentials for S3; name a Secret in ${what}.auth, or give the pod's service account a role`,
      cause,
    );
  if (elsewhere.has(name) || status === 301)
    return stalled('S3_REGION_WRONG', `the bucket is in another region; correct ${what}.region`, cause);
  if (name === 'RequestTimeTooSkewed')
    return stalled(
      'S3_CLOCK_SKEWED',
      "this machine's clock is wrong by minutes, and S3 does not take its signatures; set the clock",
      cause,
    );
  if (status === 403 || name === 'AccessDenied')
    return stalled(
      'S3_FORBIDDEN',
      `S3 does not allow it; the credentials need s3:ListBucket on the bucket (s3:ListBucketVersions for all versions) and s3:GetObject below ${what}.prefix`,
      cause,
    );
  if (code === 'ENOTFOUND' || code === 'ECONNREFUSED')
    return transient('S3_UNREACHABLE', `S3 cannot be reached (${code}); check ${what}.endpoint if this goes on`, cause);
  const reason = code ?? (status === undefined ? name : `${name} ${status}`);
  return transient('S3_UNAVAILABLE', `S3 did not answer as it should (${reason}); it is tried again`, cause);
}
