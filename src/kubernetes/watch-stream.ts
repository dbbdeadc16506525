import { failureOfEvent, unreachable } from './answers.ts';
import type { WatchEvent, WatchOptions } from './client-api.ts';
import { isRecord, lines, liveObject, versionOf } from './decode.ts';
import type { KubernetesObject, ResourceType } from './objects.ts';
import { collectionPath, describe, watchQuery, withQuery } from './paths.ts';
import type { Requester } from './requester.ts';

const defaultIdleMs = 150_000;
/** What the server may take beyond its own timeout before the connection counts as dead. */
const graceMs = 15_000;

/** One watch request as its decoded events; the promise is `KubernetesClient.watch`'s. */
export async function* watchStream<T extends KubernetesObject>(
  requester: Requester,
  type: ResourceType<T>,
  headers: Readonly<Record<string, string>>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>> {
  const subject = describe('watch', type, options);
  const stream = new AbortController();
  const stop = () => stream.abort(options.signal.reason);
  const dead = (what: string) => () => stream.abort(unreachable(subject, what));
  if (options.signal.aborted) return;
  options.signal.addEventListener('abort', stop, { once: true });
  const idleMs = options.idleMs ?? defaultIdleMs;
  const end = setTimeout(dead('the server did not end its watch in time'), options.timeoutSeconds * 1000 + graceMs);
  let idle: NodeJS.Timeout | undefined;
  try {
    const answer = await requester.open({
      method: 'GET',
      verb: 'watch',
      path: withQuery(collectionPath(type, options.namespace), watchQuery(options)),
      headers,
      subject,
      repeatable: true,
      long: true,
      signal: stream.signal,
    });
    options.onOpen?.();
    idle = setTimeout(dead(`silence of ${idleMs} ms`), idleMs);
    for await (const line of lines(answer)) {
      idle.refresh();
      yield decode(type, line, subject);
    }
    stream.signal.throwIfAborted();
  } catch (error) {
    if (options.signal.aborted) return;
    stream.signal.throwIfAborted();
    throw error instanceof SyntaxError || (error instanceof Error && 'code' in error && !('family' in error))
      ? unreachable(subject, 'the connection broke', error)
      : error;
  } finally {
    clearTimeout(end);
    clearTimeout(idle);
    options.signal.removeEventListener('abort', stop);
    // Also when the consumer left early: the connection is of no use to anybody else.
    stream.abort();
  }
}

function decode<T extends KubernetesObject>(type: ResourceType<T>, line: string, subject: string): WatchEvent<T> {
  const event: unknown = JSON.parse(line);
  if (!isRecord(event)) throw new SyntaxError('a line of the watch is no event');
  switch (event.type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type: event.type, object: liveObject(type, event.object) };
    case 'BOOKMARK':
      return { type: 'BOOKMARK', resourceVersion: versionOf(event.object).resourceVersion };
    default:
      throw failureOfEvent(event.object, subject);
  }
}
