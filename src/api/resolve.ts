import type { EmailPipelineSpec, StepSpec } from './email-pipeline.ts';
import { isRecord, recordOf, type SchemaNode, schemaNode } from './json-schema.ts';
import type { ImapSpec } from './kinds/imap.ts';
import { withDefaults } from './kinds/imap-defaults.ts';
import type { PresetName } from './kinds/imap-presets.ts';
import type { MaildirSpec } from './kinds/maildir.ts';
import type { MboxSpec } from './kinds/mbox.ts';
import type { PostgresSpec } from './kinds/postgres.ts';
import { type QueueSpec, queue, type RetrySpec, retry } from './kinds/queue.ts';
import type { S3Spec } from './kinds/s3.ts';
import type { WebhookSpec } from './kinds/webhook.ts';
import type { MailboxSourceSpec } from './mailbox-source.ts';
import type { ResolvedHttp, ResolvedSmtp } from './resolve-pushed.ts';
import {
  type EmailPipeline,
  type EmailPipelineRun,
  type MailboxSource,
  type MailmillResource,
  resources,
} from './resources.ts';

type With<T, K extends keyof T> = T & { readonly [P in K]-?: NonNullable<T[P]> };
interface SecretKeyRef {
  name: string;
  key: string;
}

/** `spec.imap` with every default filled in; `since` and `tls.caSecretRef` stay optional: absent means something. */
export interface ResolvedImap extends ImapSpec {
  port: number;
  tls: NonNullable<ImapSpec['tls']> & { mode: 'Implicit' | 'StartTLS' | 'None'; caSecretRef?: SecretKeyRef };
  auth: ImapSpec['auth'] & { type: 'Password' | 'OAuth2'; tokenCaSecretRef?: SecretKeyRef };
  accounts?: { secretRef?: SecretKeyRef; table?: { secretRef: SecretKeyRef; table: string } };
  preset: PresetName;
  folders: { include: string[]; exclude: string[]; watch: string[] };
  backfill: { order: 'OldestFirst' | 'NewestFirst' };
  pollInterval: string;
  limits: { connectionsPerAccount: number; messageSize: string; bytesPerDay?: string; messagesPerDay?: number };
}

/** `spec.maildir` with every default filled in. */
export interface ResolvedMaildir extends MaildirSpec {
  folders: { include: string[]; exclude: string[] };
  pollInterval: string;
  limits: { messageSize: string };
}

/** `spec.mbox` with every default filled in. */
export interface ResolvedMbox extends MboxSpec {
  files: { include: string[]; exclude: string[] };
  format: NonNullable<MboxSpec['format']>;
  pollInterval: string;
  limits: { messageSize: string };
}

/** `spec.s3` with every default filled in. */
export interface ResolvedS3 extends S3Spec {
  region: string;
  forcePathStyle: boolean;
  keys: { include: string[]; exclude: string[] };
  versions: NonNullable<S3Spec['versions']>;
  pollInterval: string;
  limits: { listRequestsPerPoll: number; messageSize: string };
}

export interface ResolvedSourceSpec extends MailboxSourceSpec {
  imap?: ResolvedImap;
  maildir?: ResolvedMaildir;
  mbox?: ResolvedMbox;
  s3?: ResolvedS3;
  smtp?: ResolvedSmtp;
  http?: ResolvedHttp;
  encryption?: { keyRef: SecretKeyRef };
  storeRef?: SecretKeyRef;
}

/** A sink that commits with or before the store: PostgreSQL. */
export interface ResolvedPostgresSink {
  name: string;
  postgres: With<PostgresSpec, 'schema' | 'mode'> & { secretRef: SecretKeyRef };
  webhook?: undefined;
}

/** A sink that is fed from the outbox. */
export interface ResolvedWebhookSink {
  name: string;
  webhook: With<WebhookSpec, 'mode' | 'tls' | 'allowHttp' | 'timeout' | 'concurrency'>;
  retry: With<RetrySpec, 'attempts' | 'backoff' | 'maxBackoff'>;
  queue: With<QueueSpec, 'deliveries' | 'size'>;
  postgres?: undefined;
}

/** Exactly one kind. */
export type ResolvedSink = ResolvedPostgresSink | ResolvedWebhookSink;

/** `spec` of an EmailPipeline with every default filled in; `schedule`, `replicas` and `template` stay as they are. */
export interface ResolvedPipelineSpec extends Omit<EmailPipelineSpec, 'sinks'> {
  suspend: boolean;
  steps: StepSpec[];
  sinks: ResolvedSink[];
  storeRef: SecretKeyRef;
  retention: string;
}

export interface ResolvedSource extends MailboxSource {
  readonly spec: ResolvedSourceSpec;
}
export interface ResolvedPipeline extends EmailPipeline {
  readonly spec: ResolvedPipelineSpec;
}

function fill(node: SchemaNode, value: unknown): unknown {
  if (node.type === 'array' && Array.isArray(value)) return value.map((item) => fill(node.items, item));
  if (node.type !== 'object' || !isRecord(value)) return structuredClone(value);
  const filled: Record<string, unknown> = {};
  if (node.patternProperties !== undefined) {
    const { value: each } = recordOf(node);
    for (const [key, item] of Object.entries(value)) if (item !== null) filled[key] = fill(each, item);
    return filled;
  }
  for (const [name, property] of Object.entries(node.properties)) {
    // The API server drops a null where a field may be absent, so both mean the same.
    const given = Object.hasOwn(value, name) ? (value[name] ?? undefined) : undefined;
    const effective = given === undefined ? property['x-mailmill-default'] : given;
    if (effective !== undefined) filled[name] = fill(property, effective);
  }
  return filled;
}

/**
 * A deep copy of `value` with the `x-mailmill-default`s of `schema` filled in, those of nested objects included, fields in the
 * order of the schema. Expects a value that validation has accepted: what the schema does not know is left out.
 */
export const resolve = (schema: object, value: unknown): unknown => fill(schemaNode(schema), value);

/** A source with its defaults. The port of IMAP follows from `tls.mode`: 993 with implicit TLS, else 143. Only mail that is pushed needs a store. */
export function resolveSource(source: MailboxSource): ResolvedSource {
  // The schema's defaults are what makes these types true; test/api/resolve.test.ts compares them field by field.
  const spec = resolve(resources.MailboxSource.spec, source.spec) as ResolvedSourceSpec;
  const { imap } = spec;
  if (spec.schedule === undefined) delete spec.timeZone;
  if (spec.smtp || spec.http || spec.archive) spec.storeRef ??= { name: 'mailmill-store', key: 'uri' };
  if (!imap) return { ...source, spec };
  return { ...source, spec: { ...spec, imap: withDefaults(imap) } };
}

/** A pipeline with its defaults. `timeZone` gets one only where there is a schedule, `retry` and `queue` where a sink has a queue; `replicas` belongs to `kubectl scale` and gets none. */
export function resolvePipeline(pipeline: EmailPipeline): ResolvedPipeline {
  // As above.
  const spec = resolve(resources.EmailPipeline.spec, pipeline.spec) as ResolvedPipelineSpec;
  if (spec.schedule === undefined) delete spec.timeZone;
  // Only sinks with a queue have these.
  for (const sink of spec.sinks)
    if (sink.webhook !== undefined)
      Object.assign(sink, { retry: resolve(retry, sink.retry ?? {}), queue: resolve(queue, sink.queue ?? {}) });
  return { ...pipeline, spec };
}

/** Any of our resources with its defaults. */
export function resolveResource(resource: MailmillResource): ResolvedSource | ResolvedPipeline | EmailPipelineRun {
  switch (resource.kind) {
    case 'MailboxSource':
      return resolveSource(resource);
    case 'EmailPipeline':
      return resolvePipeline(resource);
    case 'EmailPipelineRun':
      return resource;
  }
}
