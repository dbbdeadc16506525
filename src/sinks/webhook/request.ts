import http from 'node:http';
import https from 'node:https';

export interface PostOptions {
  readonly url: URL;
  readonly agent: http.Agent | https.Agent;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Milliseconds without a sign of the other side. */
  readonly idleMs: number;
  /** Milliseconds for everything. */
  readonly totalMs: number;
}

export interface Posted {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** An answer may be longer, but nobody reads it; a connection that has to carry more is not worth keeping. */
const readBytes = 64 * 1024;

class TimedOut extends Error {
  readonly code = 'ETIMEDOUT';
}

/**
 * One POST. The answer's body is not looked at: it may repeat the mail. Throws the signal's reason, or the error of the system; an error with the code
 * `ETIMEDOUT` after one of the limits.
 */
export async function post(options: PostOptions, signal: AbortSignal): Promise<Posted> {
  try {
    return await once(options, signal);
  } catch (error) {
    if (!(error instanceof StaleConnection)) throw error;
    // The receiver closed a kept connection just when we used it, and has seen nothing of this request, or of one with its key.
    return once(options, signal);
  }
}

class StaleConnection extends Error {}

function once(options: PostOptions, signal: AbortSignal): Promise<Posted> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<Posted>();
  const { request } = options.url.protocol === 'https:' ? https : http;
  const outgoing = request(options.url, {
    method: 'POST',
    agent: options.agent,
    headers: { ...options.headers, 'content-length': String(options.body.length) },
  });
  let answered = false;
  const late = () => outgoing.destroy(new TimedOut('the receiver is too slow'));
  const total = setTimeout(late, options.totalMs);
  const abort = () => outgoing.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
  signal.addEventListener('abort', abort, { once: true });
  const leave = () => {
    clearTimeout(total);
    signal.removeEventListener('abort', abort);
  };
  outgoing.setTimeout(options.idleMs, late);
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    leave();
    if (signal.aborted) reject(signal.reason);
    else if (!answered && outgoing.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE'))
      reject(new StaleConnection());
    else reject(error);
  });
  outgoing.on('close', leave);
  outgoing.on('response', (response) => {
    answered = true;
    resolve({ status: response.statusCode ?? 0, retryAfter: response.headers['retry-after'] });
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > readBytes) outgoing.destroy();
    });
    response.on('error', () => outgoing.destroy()); // the status was there: nothing else counts
  });
  outgoing.end(options.body);
  return promise;
}
