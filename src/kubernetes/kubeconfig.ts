import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import { stalled } from '../telemetry/errors.ts';
import { type ClusterAccess, fileAccess } from './access.ts';
import { isRecord } from './decode.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Fields of a cluster and a user that are understood here; any other belongs to `@kubernetes/client-node`. */
const clusterFields = new Set([
  'server',
  'certificate-authority',
  'certificate-authority-data',
  'insecure-skip-tls-verify',
  'tls-server-name',
  'disable-compression',
  'extensions',
]);
const userFields = new Set([
  'token',
  'tokenFile',
  'client-certificate',
  'client-certificate-data',
  'client-key',
  'client-key-data',
]);

/**
 * The current context of a kubeconfig file with tokens, certificates and files alone; undefined when it asks for more
 * (exec, OIDC, a proxy …). Throws Stalled `KUBECONFIG_INVALID`.
 */
export async function readKubeConfig(file: string): Promise<ClusterAccess | undefined> {
  const config = parse(
    file,
    await readFile(file, 'utf8').catch((cause: unknown) => invalid(file, 'cannot be read', cause)),
  );
  const current = text(config, 'current-context');
  const context = named(config.contexts, current, 'context');
  const cluster = context && named(config.clusters, text(context, 'cluster'), 'cluster');
  const server = cluster && text(cluster, 'server');
  if (context === undefined || cluster === undefined || server === undefined || !URL.canParse(server)) {
    return invalid(file, 'has no current-context whose cluster has a server');
  }
  const user = named(config.users, text(context, 'user'), 'user') ?? {};
  if (!only(cluster, clusterFields) || !only(user, userFields)) return undefined;
  const path = (fields: Fields, name: string) => {
    const value = text(fields, name);
    return value === undefined ? undefined : resolve(dirname(file), value);
  };
  return fileAccess({
    server,
    namespace: text(context, 'namespace'),
    ca: decoded(cluster, 'certificate-authority-data'),
    caFile: path(cluster, 'certificate-authority'),
    insecure: cluster['insecure-skip-tls-verify'] === true,
    serverName: text(cluster, 'tls-server-name'),
    token: text(user, 'token'),
    tokenFile: path(user, 'tokenFile'),
    cert: decoded(user, 'client-certificate-data'),
    certFile: path(user, 'client-certificate'),
    key: decoded(user, 'client-key-data'),
    keyFile: path(user, 'client-key'),
  });
}

function parse(file: string, content: string): Fields {
  try {
    const config: unknown = load(content);
    if (isRecord(config)) return config;
  } catch (cause) {
    return invalid(file, 'is no YAML', cause);
  }
  return invalid(file, 'is no kubeconfig');
}

function invalid(file: string, what: string, cause?: unknown): never {
  throw stalled('KUBECONFIG_INVALID', `the kubeconfig ${file} ${what}; correct it or unset KUBECONFIG`, { cause });
}

/** The entry `{name, [inner]: {…}}` of that name. */
function named(list: unknown, name: string | undefined, inner: string): Fields | undefined {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  const found = entries.filter(isRecord).find((entry) => entry.name === name)?.[inner];
  return isRecord(found) ? found : undefined;
}

const only = (fields: Fields, known: ReadonlySet<string>) => Object.keys(fields).every((name) => known.has(name));

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function decoded(fields: Fields, name: string): string | undefined {
  const value = text(fields, name);
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
