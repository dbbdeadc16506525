import type { IncomingHttpHeaders } from 'node:http';
import { KubernetesError } from './errors.ts';

/** What a request was about, for messages: `get secrets/name in namespace`. */
export type Subject = string;

const maxMessage = 500;

/** The API's `Status` object, or an HTTP answer without one, as an error. */
export function failureOf(
  status: number,
  body: unknown,
  subject: Subject,
  options: { readonly retryAfterMs?: number; readonly quiet?: boolean } = {},
): KubernetesError {
  const { reason, message } = statusOf(body);
  const word = reason ?? `HTTP ${status}`;
  // The server repeats refused values: for Secrets they stay out.
  const detail = options.quiet === true || message === undefined ? word : message.slice(0, maxMessage);
  const { family, code, next } = kindOf(status);
  return new KubernetesError(family, code, `the API server answered ${status} to ${subject}: ${detail}${next}`, {
    status,
    reason: word,
    ...(options.retryAfterMs === undefined ? {} : { retryAfterMs: options.retryAfterMs }),
  });
}

/** No (complete) answer: refused, reset, timed out. */
export const unreachable = (subject: Subject, what: string, cause?: unknown) =>
  new KubernetesError(
    'Transient',
    'KUBERNETES_UNREACHABLE',
    `${what} on ${subject}; it is retried, check the way to the API server if it lasts`,
    { status: 0, reason: 'Unreachable', cause },
  );

function kindOf(status: number) {
  if (status === 429)
    return { family: 'Waiting', code: 'KUBERNETES_THROTTLED', next: '; it is retried later' } as const;
  if (status >= 500) return { family: 'Transient', code: 'KUBERNETES_UNAVAILABLE', next: '; it is retried' } as const;
  if (status === 409) return { family: 'Transient', code: 'KUBERNETES_CONFLICT', next: '; it is retried' } as const;
  if (status === 410) return { family: 'Transient', code: 'KUBERNETES_EXPIRED', next: '; it is listed anew' } as const;
  if (status === 404) return { family: 'Transient', code: 'KUBERNETES_NOT_FOUND', next: '' } as const;
  if (status === 401 || status === 403) {
    return { family: 'Stalled', code: 'KUBERNETES_FORBIDDEN', next: '; grant it to this service account' } as const;
  }
  return { family: 'Stalled', code: 'KUBERNETES_REJECTED', next: '' } as const;
}

function statusOf(body: unknown): { reason?: string; message?: string; code?: number } {
  if (typeof body !== 'object' || body === null) return {};
  const field = (name: string): unknown => Reflect.get(body, name);
  const [reason, message, code] = [field('reason'), field('message'), field('code')];
  return {
    ...(typeof reason === 'string' && reason !== '' ? { reason } : {}),
    ...(typeof message === 'string' && message !== '' ? { message } : {}),
    ...(typeof code === 'number' ? { code } : {}),
  };
}

/** The `Status` object that an ERROR event of a watch carries. */
export const failureOfEvent = (object: unknown, subject: Subject) =>
  failureOf(statusOf(object).code ?? 500, object, subject);

/** Milliseconds of a Retry-After header: seconds or an HTTP date (RFC 9110 §10.2.3); undefined when there is none. */
export function retryAfterOf(headers: IncomingHttpHeaders, now: number): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
