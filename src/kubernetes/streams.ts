import type { IncomingMessage } from 'node:http';
import type { ClusterAccess } from './access.ts';
import { systemClock } from './clock.ts';
import type { ObjectName } from './objects.ts';
import { withQuery } from './paths.ts';
import { createRequester } from './requester.ts';
import { createTransport } from './transport.ts';

export interface LogOptions {
  readonly signal: AbortSignal;
  readonly container?: string;
  readonly follow?: boolean;
  readonly sinceSeconds?: number;
  readonly previous?: boolean;
}

/** What of the API server is no object. Throws `KubernetesError`s, as the client does. */
export interface Streams {
  /** Bytes of a container's log; ends with the log, or with the container when it is followed. */
  logs(pod: ObjectName, options: LogOptions): Promise<AsyncIterable<Buffer>>;
  /** `GET /version`. */
  version(signal: AbortSignal): Promise<unknown>;
  close(): void;
}

/** Logs and version of the cluster that `access` leads to. */
export function createStreams(access: ClusterAccess): Streams {
  const transport = createTransport(access);
  const requester = createRequester(transport, systemClock, Math.random, undefined);
  const headers = { 'user-agent': 'mailmill', accept: '*/*' };
  return {
    logs: async ({ namespace = '', name }, { signal, container, follow, sinceSeconds, previous }) => {
      const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`;
      const answer: IncomingMessage = await requester.open({
        method: 'GET',
        verb: 'log',
        path: withQuery(path, { container, follow, sinceSeconds, previous }),
        headers,
        subject: `get the log of pods/${name} in namespace ${namespace}`,
        repeatable: true,
        long: follow === true,
        signal,
      });
      return answer;
    },
    version: (signal) =>
      requester.json({
        ...{ method: 'GET', verb: 'get', path: '/version', headers, subject: 'get /version', repeatable: true },
        signal,
      }),
    close: () => transport.close(),
  };
}
