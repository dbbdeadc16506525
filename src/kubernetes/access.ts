import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';

export type TlsOptions = Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'pfx' | 'passphrase' | 'rejectUnauthorized' | 'servername'
>;

/** What one request needs beside its own words. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  /** `user:password` of HTTP basic authentication. */
  readonly basic?: string;
  /** The way through a proxy; absent: directly. */
  readonly agent?: Agent;
}

/** Where the API server is and how to prove who asks. */
export interface ClusterAccess {
  readonly server: URL;
  /** Namespace of the kubeconfig's context or of the pod's service account. */
  readonly namespace: string | undefined;
  /** Asked before each request: files that rotate (tokens, certificates) are read again once a minute. */
  credentials(): Promise<Credentials>;
}

/** Each value as itself, or as the file to read it from. */
export interface AccessFiles {
  readonly server: string;
  readonly namespace?: string;
  readonly ca?: string;
  readonly caFile?: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly serverName?: string;
  readonly insecure?: boolean;
}

/** The kubelet renews a token when a fifth of its hour is left. */
const rereadMs = 60_000;

/** Access by values and files that are known. */
export function fileAccess(files: AccessFiles, monotonic: () => number = () => performance.now()): ClusterAccess {
  let known: { readonly credentials: Credentials; readonly at: number } | undefined;
  const read = async (value: string | undefined, file: string | undefined) =>
    value ?? (file === undefined ? undefined : await readFile(file, 'utf8'));
  return {
    server: new URL(files.server),
    namespace: files.namespace,
    credentials: async () => {
      if (known !== undefined && monotonic() - known.at < rereadMs) return known.credentials;
      const token = (await read(files.token, files.tokenFile))?.trim();
      const credentials: Credentials = {
        headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
        tls: {
          ca: await read(files.ca, files.caFile),
          cert: await read(files.cert, files.certFile),
          key: await read(files.key, files.keyFile),
          servername: files.serverName,
          rejectUnauthorized: files.insecure === true ? false : undefined,
        },
      };
      known = { credentials, at: monotonic() };
      return credentials;
    },
  };
}
