/** What happens next after an error: retry with backoff, come back at a known time, or a person must act. */
export type ErrorFamily = 'Transient' | 'Waiting' | 'Stalled';

/** What is known about an error beside its code and text. */
export interface MailmillErrorOptions {
  readonly cause?: unknown;
  /** For `Waiting`: milliseconds until the next try makes sense. */
  readonly retryAfterMs?: number;
}

/**
 * An error of the platform. `code` is stable (`IMAP_AUTH_REJECTED`) and may be a metric label; `message` says what
 * to do next and never holds secrets, addresses or message content (the cause may; it is never shown).
 */
export class MailmillError extends Error {
  override readonly name = 'MailmillError';
  readonly family: ErrorFamily;
  readonly code: string;
  readonly retryAfterMs: number | undefined;

  constructor(family: ErrorFamily, code: string, message: string, options: MailmillErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.family = family;
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export const transient = (code: string, message: string, options?: MailmillErrorOptions) =>
  new MailmillError('Transient', code, message, options);
export const waiting = (code: string, message: string, options?: MailmillErrorOptions) =>
  new MailmillError('Waiting', code, message, options);
export const stalled = (code: string, message: string, options?: MailmillErrorOptions) =>
  new MailmillError('Stalled', code, message, options);

/** Any thrown value as a `MailmillError`; what is not one already becomes Transient `INTERNAL`. */
export function asMailmillError(error: unknown): MailmillError {
  if (error instanceof MailmillError) return error;
  const name = error instanceof Error ? error.name : typeof error;
  return transient('INTERNAL', `unexpected ${name}; it is retried, see the log of this process for its stack`, {
    cause: error,
  });
}

/** Where an unexpected error came from, for a log line: the frames alone, because its own words may quote a secret or mail. */
export function stackOf({ code, cause }: MailmillError): { readonly stack?: string } {
  if (code !== 'INTERNAL' || !(cause instanceof Error)) return {};
  const frames = (cause.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { stack: frames.map((line) => line.trim()).join('; ') };
}

/** Exit codes of a worker by family; a `podFailurePolicy` reads them. */
export const exitCodes: Readonly<Record<ErrorFamily, number>> = { Transient: 75, Waiting: 76, Stalled: 78 };
