import { hostname } from 'node:os';
import type { CommandIo } from './command.ts';

/** Where a process of the operator's runs, and who asks it. */
export interface Place {
  /** Unique among those that run. */
  readonly name: string;
  /** Of probes, metrics and status. */
  readonly http: { readonly host: string; readonly port: number; readonly tokenSha256: string | undefined };
  /** Of the listener of a collector. */
  readonly listenHost: string;
}

/** Directory of `<secret>/<key>` files: the environment's, or that of our pods. */
export const secretsDirectory = (env: CommandIo['env']): string => env.MAILMILL_SECRETS ?? '/etc/mailmill/secrets';

/**
 * What the environment says, else what is safe outside of a cluster; in a pod, which the kubelet and the operator reach from outside, the
 * pod's own name (made by a controller, it is never too long for a host name) and all of its addresses.
 */
export function placeOf(env: CommandIo['env'], pod = false): Place {
  const host = pod ? '0.0.0.0' : '127.0.0.1';
  return {
    name: env.MAILMILL_WORKER ?? (pod ? hostname() : `${hostname()}-${process.pid}`),
    http: {
      host: env.MAILMILL_HTTP_HOST ?? host,
      port: Number(env.MAILMILL_HTTP_PORT ?? 8080),
      tokenSha256: env.MAILMILL_STATUS_TOKEN_SHA256,
    },
    listenHost: env.MAILMILL_LISTEN_HOST ?? host,
  };
}
