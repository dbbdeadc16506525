import { readFile } from 'node:fs/promises';
import type { EmailPipelineSpec } from '../api/email-pipeline.ts';
import { isRecord } from '../kubernetes/decode.ts';
import type { NetworkPolicy } from '../kubernetes/objects.ts';
import { stalled } from '../telemetry/errors.ts';
import { createKeys, type Keys } from './keys.ts';

/** What a worker may reach. */
export type EgressRule = NonNullable<NonNullable<NetworkPolicy['spec']>['egress']>[number];
/** What a worker asks for and may use. */
export type Resources = NonNullable<NonNullable<EmailPipelineSpec['template']>['resources']>;

/** What decisions depend on beside the snapshot. */
export interface DecisionConfig {
  readonly workerImage: string;
  readonly workerImagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  /** A new revision must be ready within this time; milliseconds. */
  readonly rolloutDeadlineMs: number;
  /** Existing workloads that roll at once for a new image or a changed source. */
  readonly rolloutConcurrency: number;
  /** Not connected, or not delivering, for longer is Stalled; milliseconds. */
  readonly stallDeadlineMs: number;
  /** Between two looks at a collector; milliseconds. */
  readonly collectorLookMs: number;
  /** The operator's own namespace. */
  readonly namespace: string;
  /** Empty: all. */
  readonly watchNamespaces: readonly string[];
  readonly keys: Keys;
  /** What workers may reach beside DNS, in the place of every TCP port. */
  readonly workerEgress?: readonly EgressRule[];
  /** Of workers whose pipeline does not say; absent: built in. */
  readonly workerResources?: Resources;
}

export interface OperatorConfig extends DecisionConfig {
  readonly leaseName: string;
  readonly http: { readonly host: string; readonly port: number };
  /** Between two looks at a worker's status; milliseconds. */
  readonly statusPollMs: number;
  /** Unique for each process. */
  readonly identity: string;
}

const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;

/** Reads the environment that the chart sets. Throws Stalled `OPERATOR_CONFIG_INVALID` with the name of what is wrong. */
export async function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  identity: string,
): Promise<OperatorConfig> {
  const required = (name: string) => {
    const value = env[name];
    if (value === undefined || value === '') throw invalid(`set ${name}; the chart does`);
    return value;
  };
  const seconds = (name: string, fallback: number) => {
    const value = Number(env[name] ?? fallback);
    if (!(value > 0 && value < 1e6)) throw invalid(`${name} must be a number of seconds above 0`);
    return value * 1000;
  };
  const count = (name: string, fallback: number) => {
    const value = Number(env[name] ?? fallback);
    if (!Number.isInteger(value) || value < 1) throw invalid(`${name} must be a whole number above 0`);
    return value;
  };
  const policy = env.MAILMILL_WORKER_IMAGE_PULL_POLICY ?? 'IfNotPresent';
  const workerImagePullPolicy = pullPolicies.find((each) => each === policy);
  if (workerImagePullPolicy === undefined) {
    throw invalid(`MAILMILL_WORKER_IMAGE_PULL_POLICY must be one of ${pullPolicies.join(', ')}`);
  }
  // The API server checks what is in them.
  const egress = readJson(
    env,
    'MAILMILL_WORKER_EGRESS',
    (value): value is readonly EgressRule[] => Array.isArray(value) && value.every(isRecord),
  );
  const resources = readJson(
    env,
    'MAILMILL_WORKER_RESOURCES',
    (value): value is Resources => isRecord(value) && Object.values(value).every(isRecord),
  );
  const port = Number(env.MAILMILL_HTTP_PORT ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw invalid('MAILMILL_HTTP_PORT must be a port');
  return {
    workerImage: required('MAILMILL_WORKER_IMAGE'),
    workerImagePullPolicy,
    rolloutDeadlineMs: seconds('MAILMILL_ROLLOUT_DEADLINE_SECONDS', 600),
    rolloutConcurrency: count('MAILMILL_ROLLOUT_CONCURRENCY', 20),
    stallDeadlineMs: seconds('MAILMILL_STALL_DEADLINE_SECONDS', 900),
    collectorLookMs: seconds('MAILMILL_STATUS_POLL_SECONDS', 15),
    namespace: required('MAILMILL_NAMESPACE'),
    watchNamespaces: (env.MAILMILL_WATCH_NAMESPACES ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
    keys: createKeys(await readKey(required('MAILMILL_STATUS_KEY_FILE'))),
    ...(egress === undefined || egress.length === 0 ? {} : { workerEgress: egress }),
    ...(resources === undefined ? {} : { workerResources: resources }),
    leaseName: env.MAILMILL_LEASE_NAME ?? 'mailmill-operator',
    http: { host: env.MAILMILL_HTTP_HOST ?? '127.0.0.1', port },
    statusPollMs: seconds('MAILMILL_STATUS_POLL_SECONDS', 15),
    identity,
  };
}

function readJson<T>(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  is: (value: unknown) => value is T,
): T | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (is(value)) return value;
  } catch (cause) {
    throw invalid(`${name} is no JSON; the chart sets it`, cause);
  }
  throw invalid(`${name} has another form than it should; the chart sets it`);
}

async function readKey(file: string): Promise<Buffer> {
  let key: Buffer;
  try {
    key = await readFile(file);
  } catch (cause) {
    throw invalid(
      `the file ${file} (MAILMILL_STATUS_KEY_FILE) cannot be read; the chart mounts it from a Secret`,
      cause,
    );
  }
  if (key.length < 16) throw invalid(`the key in ${file} must have at least 16 bytes, at random`);
  return key;
}

const invalid = (message: string, cause?: unknown) => stalled('OPERATOR_CONFIG_INVALID', message, { cause });
