/**
 * Runs `work` with a signal that follows `signal` and is aborted with `expired()` after `ms` milliseconds. Nothing
 * stays attached to `signal` afterwards: it may live as long as the process.
 */
export async function withDeadline<T>(
  signal: AbortSignal,
  ms: number,
  expired: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const follow = () => controller.abort(signal.reason);
  if (signal.aborted) follow();
  signal.addEventListener('abort', follow, { once: true });
  const timer = setTimeout(() => controller.abort(expired()), ms);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', follow);
  }
}
