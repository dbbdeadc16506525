import { type MailmillError, transient } from '../telemetry/errors.ts';

/** What a source's method throws when its signal ends it. */
export const aborted = (signal: AbortSignal): MailmillError =>
  transient('ABORTED', 'stopped before it was done; it is done again at the next start', { cause: signal.reason });

/** Throws when the signal is aborted. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw aborted(signal);
}

/** Does what `signal` may end, which is then what is thrown; any other error becomes what `fault` makes of it. */
export async function abortable<T>(
  signal: AbortSignal,
  action: () => Promise<T>,
  fault: (error: unknown) => MailmillError | Promise<MailmillError>,
): Promise<T> {
  throwIfAborted(signal);
  try {
    return await action();
  } catch (error) {
    if (signal.aborted) throw aborted(signal);
    throw await fault(error);
  }
}
