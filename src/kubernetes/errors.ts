import { type ErrorFamily, MailmillError, type MailmillErrorOptions } from '../telemetry/errors.ts';

/** What the API server, or the way to it, answered. */
export interface KubernetesFailure extends MailmillErrorOptions {
  /** HTTP status; 0 when no answer came (refused, reset, timed out). */
  readonly status: number;
  /** Machine word of the API's Status object: `NotFound`, `AlreadyExists`, `Conflict`, `Expired`, `Invalid` … */
  readonly reason: string;
}

/**
 * A request to the API server that failed. Codes: `KUBERNETES_UNREACHABLE` (status 0), `KUBERNETES_THROTTLED` (429,
 * after retries), `KUBERNETES_UNAVAILABLE` (5xx), `KUBERNETES_FORBIDDEN` (401, 403), `KUBERNETES_CONFLICT` (409),
 * `KUBERNETES_EXPIRED` (410), `KUBERNETES_NOT_FOUND` (404), `KUBERNETES_REJECTED` (other 4xx).
 */
export class KubernetesError extends MailmillError {
  readonly status: number;
  readonly reason: string;

  constructor(family: ErrorFamily, code: string, message: string, failure: KubernetesFailure) {
    super(family, code, message, failure);
    this.status = failure.status;
    this.reason = failure.reason;
  }
}

const hasStatus = (error: unknown, status: number): error is KubernetesError =>
  error instanceof KubernetesError && error.status === status;

/** The object (or its whole resource) is not there. */
export const isNotFound = (error: unknown) => hasStatus(error, 404);
/** Somebody else wrote first, or another field manager owns a field. Not `AlreadyExists`. */
export const isConflict = (error: unknown) => hasStatus(error, 409) && error.reason !== 'AlreadyExists';
/** Create of something that is there already. */
export const isAlreadyExists = (error: unknown) => hasStatus(error, 409) && error.reason === 'AlreadyExists';
/** 410: the resourceVersion or the list's continue token is too old. */
export const isExpired = (error: unknown) => hasStatus(error, 410);
export const isForbidden = (error: unknown) => hasStatus(error, 403);
