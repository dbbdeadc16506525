import { createHash } from 'node:crypto';
import type { EmailPipelineSpec } from '../../api/email-pipeline.ts';
import type { MailboxSourceSpec } from '../../api/mailbox-source.ts';
import { type ResolvedPipelineSpec, type ResolvedSink, resolvePipeline, resolveSource } from '../../api/resolve.ts';
import { apiVersion } from '../../api/resources.ts';
import { columnName } from '../../message/column-name.ts';
import { messageTypes, storedFields } from '../../message/fields.ts';
import { compileSteps } from '../../steps/registry.ts';
import type { Types } from '../../steps/step.ts';
import { didYouMean } from '../../steps/suggestion.ts';
import { placeOf } from '../archive/compile.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CompileIssue, Revision, RevisionSink, RevisionSource, SecretKey } from './revision.ts';
import { bucketKeys, sourceSecrets, uniqueKeys } from './source-secrets.ts';

/** A pipeline to compile; validation has accepted its spec. Without a namespace it belongs to `default`. */
export interface PipelineInput {
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: EmailPipelineSpec;
}

/** A source to compile; validation has accepted its spec. */
export interface SourceInput {
  readonly metadata: { readonly name: string };
  readonly spec: MailboxSourceSpec;
}

/** A revision, the types of the documents that reach its sinks and the keys of Secrets that it needs; or what is wrong. */
export type PipelineCompilation =
  | { readonly ok: true; readonly revision: Revision; readonly types: Types; readonly secrets: readonly SecretKey[] }
  | { readonly ok: false; readonly issues: readonly CompileIssue[] };

/**
 * Compiles a pipeline and the source it names into a revision: defaults filled in, steps type-checked, columns of sinks
 * checked. Pure: the same specs give the same revision anywhere, whatever the order of their keys.
 *
 * @param sources all sources of the pipeline's namespace; the one that the pipeline names is taken.
 */
export function compilePipeline(pipeline: PipelineInput, sources: readonly SourceInput[]): PipelineCompilation {
  const { name, namespace = 'default' } = pipeline.metadata;
  const { spec } = resolvePipeline({ apiVersion, kind: 'EmailPipeline', ...pipeline });
  const issues: CompileIssue[] = [];
  const source = sourceOf(spec, sources, issues);
  const steps = compileSteps(spec.steps, messageTypes);
  if (!steps.ok) issues.push(...steps.issues);
  else for (const [index, sink] of spec.sinks.entries()) issues.push(...checkColumns(sink, index, steps.types));
  if (source)
    for (const [index, sink] of spec.sinks.entries()) issues.push(...checkChanges(sink, index, source, sources));
  if (source === undefined || !steps.ok || issues.length > 0) return { ok: false, issues };
  const revision = identified({
    version: 1,
    namespace,
    pipeline: name,
    sources: [source],
    steps: spec.steps,
    sinks: spec.sinks,
    storeRef: spec.storeRef,
    retention: spec.retention,
  });
  return { ok: true, revision, types: steps.types, secrets: referencedSecrets(revision) };
}

function sourceOf(
  spec: ResolvedPipelineSpec,
  sources: readonly SourceInput[],
  issues: CompileIssue[],
): RevisionSource | undefined {
  const { name } = spec.source;
  const found = sources.find((source) => source.metadata.name === name);
  if (found === undefined) {
    const names = sources.map((source) => source.metadata.name);
    const message = `there is no MailboxSource "${name}" in this namespace`;
    issues.push({ path: 'spec.source.name', message, ...didYouMean(name, names) });
    return undefined;
  }
  const resolved = resolveSource({ apiVersion, kind: 'MailboxSource', ...found }).spec;
  const { smtp, http, archive, storeRef, schedule: _, timeZone: __, ...read } = resolved;
  if (!smtp && !http && !archive) return { name, ...read };
  if (storeRef?.name !== spec.storeRef.name || storeRef.key !== spec.storeRef.key) {
    const message = `the source keeps its mail in another store (${storeRef?.name}, key ${storeRef?.key}) than the pipeline (${spec.storeRef.name}, key ${spec.storeRef.key})`;
    issues.push({ path: 'spec.storeRef', message, suggestion: 'name the same Secret and key in both' });
  }
  if (archive) return { name, archived: placeOf(archive) };
  return { name, pushed: { by: smtp ? 'smtp' : 'http' } };
}

/** Changes that a sink asks for: somebody notices them. */
function checkChanges(
  { postgres, webhook }: ResolvedSink,
  index: number,
  { name, imap, archived }: RevisionSource,
  sources: readonly SourceInput[],
): readonly CompileIssue[] {
  const wanted = postgres?.changes ?? webhook?.changes;
  if (!wanted || imap) return [];
  const path = `spec.sinks[${index}].${postgres ? 'postgres' : 'webhook'}.changes`;
  const from = sources.find(({ metadata }) => metadata.name === name)?.spec;
  if (!archived || !from?.imap)
    return [
      {
        path,
        message: `changes are told of IMAP mailboxes, and source "${name}" is none`,
        suggestion: 'leave changes out',
      },
    ];
  const kept = from.archive?.changes ?? [];
  const lacking = wanted.filter((kind) => !kept.includes(kind));
  if (lacking.length === 0) return [];
  const message = `the archive of source "${name}" does not keep ${lacking.join(', ')}, and the pipeline does not read the mailbox itself`;
  const suggestion = `set archive.changes: [${[...kept, ...lacking].join(', ')}] in the source, or leave ${lacking.join(', ')} out here`;
  return [{ path, message, suggestion }];
}

/** Columns of a sink: its fields exist, and each becomes a column of its own. */
function checkColumns(sink: ResolvedSink, index: number, types: Types): readonly CompileIssue[] {
  if (sink.postgres === undefined) return [];
  const path = `spec.sinks[${index}].postgres`;
  const { columns } = sink.postgres;
  const issues: CompileIssue[] = [];
  const taken = new Map<string, string>();
  for (const [at, field] of (columns ?? storedFields(types)).entries()) {
    const place = columns === undefined ? path : `${path}.columns[${at}]`;
    if (!types.has(field)) {
      const message = `no document has a field "${field}" here`;
      const suggestion = `fields here: ${[...types.keys()].join(', ')}`;
      issues.push({ path: place, message, suggestion, ...didYouMean(field, types.keys()) });
      continue;
    }
    const column = columnName(field);
    const other = taken.get(column);
    if (column.startsWith('_mailmill')) {
      const message = `the field "${field}" would be the column ${column}, and names that begin with _mailmill are ours`;
      issues.push({ path: place, message, suggestion: 'give the field another name' });
    } else if (columns === undefined && column === 'extra') {
      const message = `the field "${field}" would be the column extra, which holds fields without a column of their own`;
      issues.push({ path: place, message, suggestion: 'give the field another name, or list columns' });
    } else if (other !== undefined) {
      const message = `the fields "${other}" and "${field}" would both be the column ${column}`;
      issues.push({ path: place, message, suggestion: 'unset one of them, or list columns' });
    }
    taken.set(column, field);
  }
  return issues;
}

/**
 * The revision with its hash: the first 10 hex digits of the SHA-256 of the canonical JSON of the rest. Its own keys are
 * in canonical order too: a ConfigMap of the same name must hold the same text.
 */
function identified(rest: Omit<Revision, 'hash'>): Revision {
  const canonical = canonicalJson(rest);
  const hash = createHash('sha256').update(canonical).digest('hex').slice(0, 10);
  // The same value as it went in, key order apart.
  return { hash, ...(JSON.parse(canonical) as Omit<Revision, 'hash'>) };
}

/** The keys of Secrets that a worker of this revision reads: sorted by name and key, each once. */
export function referencedSecrets(revision: Revision): readonly SecretKey[] {
  const keys: SecretKey[] = [revision.storeRef];
  for (const source of revision.sources) keys.push(...sourceSecrets(source));
  for (const { authenticate } of revision.steps) {
    const zone = authenticate?.live?.zoneSecretRef;
    if (zone !== undefined) keys.push({ name: zone.name, key: zone.key ?? 'zone' });
  }
  keys.push(...bucketKeys(revision.keeps?.s3));
  for (const sink of revision.sinks) keys.push(...sinkSecrets(sink));
  return uniqueKeys(keys);
}

function sinkSecrets({ postgres, webhook }: RevisionSink): readonly SecretKey[] {
  const of = (ref: { readonly name: string; readonly key?: string } | undefined, key: string) =>
    ref === undefined ? [] : [{ name: ref.name, key: ref.key ?? key }];
  return [
    ...of(postgres?.secretRef, 'uri'),
    ...of(webhook?.auth?.secretRef, 'token'),
    ...of(webhook?.tls?.caSecretRef, 'ca.crt'),
  ];
}
