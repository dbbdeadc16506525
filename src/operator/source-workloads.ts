import { resolveSource } from '../api/resolve.ts';
import { apiVersion } from '../api/resources.ts';
import {
  controllerOf,
  type EmailPipeline,
  type KubernetesObject,
  type Live,
  type MailboxSource,
} from '../kubernetes/objects.ts';
import { archiverName, archiverSecrets, compileArchiver } from '../pipeline/archive/compile.ts';
import { type CollectorRevision, compileCollector } from '../pipeline/collector/revision.ts';
import { byPipeline, type Caches } from './caches.ts';
import type { Compilation, SpecIssue } from './snapshot.ts';

const resolved = ({ metadata, spec }: Live<MailboxSource>) =>
  resolveSource({ apiVersion, kind: 'MailboxSource', metadata: { name: metadata.name }, spec }).spec;

/** What takes the mail of a valid source in; `undefined` when nobody does. */
export const compiledCollector = (source: Live<MailboxSource>): CollectorRevision | undefined =>
  compileCollector(source.metadata.namespace ?? '', source.metadata.name, resolved(source));

/** What reads a source with an archive. */
export function compiledArchiver(source: Live<MailboxSource>, issues: readonly SpecIssue[]): Compilation {
  if (issues.length > 0) return { kind: 'Invalid', issues };
  const revision = compileArchiver(source.metadata.namespace ?? '', source.metadata.name, resolved(source));
  if (revision === undefined) throw new Error('only sources with an archive have an archiver');
  return { kind: 'Compiled', revision, secrets: archiverSecrets(revision) };
}

/** A source with an archive as the pipeline that its archiver is: it streams or is scheduled, and its conditions are the source's. */
export function archiverOf({ metadata, spec, status }: Live<MailboxSource>): Live<EmailPipeline> {
  const { name } = metadata;
  const { schedule, timeZone, reconcile } = spec;
  return {
    apiVersion,
    kind: 'EmailPipeline',
    metadata: { ...metadata, name: archiverName(name) },
    spec: {
      source: { name },
      sinks: [],
      ...(schedule === undefined ? {} : { schedule }),
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(reconcile === undefined ? {} : { reconcile }),
    },
    ...(status === undefined ? {} : { status }),
  };
}

/** Key of the workload of a source with an archive. */
export const archiverKey = (source: string): string => archiverName(source);

/** Key of the source whose archiver has this key; `undefined` for one that no archiver can have. */
export const sourceOfArchiver = (key: string): string | undefined =>
  key.endsWith(suffix) ? key.slice(0, -suffix.length) : undefined;

const suffix = archiverName('');

/** What a source owns of a workload of this key. */
export const ownedChildren = (caches: Caches, key: string, uid: string): readonly Live<KubernetesObject>[] =>
  [
    ...caches.deployments.objects.byIndex(byPipeline, key),
    ...caches.cronJobs.objects.byIndex(byPipeline, key),
    ...caches.jobs.objects.byIndex(byPipeline, key),
    ...caches.podDisruptionBudgets.objects.byIndex(byPipeline, key),
    ...caches.configMaps.objects.byIndex(byPipeline, key),
  ].filter((object) => object.metadata.deletionTimestamp === undefined && controllerOf(object)?.uid === uid);
