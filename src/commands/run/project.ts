import { dirname, resolve } from 'node:path';
import { hasErrors } from '../../api/issue.ts';
import { loadPaths, place, secretsOf } from '../../api/load.ts';
import { resolveSource } from '../../api/resolve.ts';
import type { EmailPipelineRun, MailmillResource } from '../../api/resources.ts';
import { validateObjects } from '../../api/validate.ts';
import { type CollectorRevision, compileCollector } from '../../pipeline/collector/revision.ts';
import { compilePipeline } from '../../pipeline/revision/compile.ts';
import type { Revision, RevisionSink } from '../../pipeline/revision/revision.ts';
import { clashesOf, format } from '../validate.ts';
import { archiversOf, timesOf, withArchivePath } from './archivers.ts';

/** A pipeline that is ready to run on this machine. */
export interface ProjectPipeline {
  readonly revision: Revision;
  /** Present: runs at these times. */
  readonly schedule?: { readonly expression: string; readonly timeZone: string };
  /** Present: its mailboxes are compared with the store at these times. */
  readonly reconcile?: { readonly expression: string; readonly timeZone: string };
  /** `Full`: each run of the schedule reads everything again. */
  readonly load?: 'Incremental' | 'Full';
  readonly runs: readonly EmailPipelineRun[];
}

/** The resources of a directory. */
export interface Project {
  readonly pipelines: readonly ProjectPipeline[];
  readonly sinks: readonly RevisionSink[];
  /** Names of pipelines that are not run because they say `suspend`. */
  readonly suspended: readonly string[];
  /** Secrets in the files, by name and key. */
  readonly secrets: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** Maildirs and mbox files by source name. */
  readonly maildirs: ReadonlyMap<string, string>;
  /** Sources of these pipelines that mail is pushed to. */
  readonly collectors: readonly CollectorRevision[];
}

/** Reads, validates and compiles resources; or says what is wrong, one line an issue. */
export async function loadProject(
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Project | { readonly problems: readonly string[] }> {
  const loaded = await loadPaths(paths, signal);
  const { issues, valid } = validateObjects(loaded.objects);
  const all = [...loaded.issues, ...issues];
  if (hasErrors(all)) return { problems: all.filter((issue) => issue.level !== 'note').map(format) };
  const problems: string[] = [];
  const namespaces = [...new Set(valid.map(({ resource }) => resource.metadata.namespace))];
  if (namespaces.length > 1) {
    const names = namespaces.map((name) => name ?? 'default').join(', ');
    const problem = `${paths.join(', ')}: resources of the namespaces ${names}; one process runs one namespace: give each a directory of its own`;
    return { problems: [problem] };
  }
  const placed = valid.map(({ resource, object }) => withArchivePath(resource, object.file));
  const suspended: string[] = [];
  const pipelines: ProjectPipeline[] = [];
  const maildirs = new Map<string, string>();
  for (const { resource, object } of valid) {
    if (resource.kind !== 'MailboxSource') continue;
    const kind = resource.spec.maildir ? 'maildir' : 'mbox';
    const files = resource.spec[kind];
    if (files === undefined) continue;
    if (files.path === undefined)
      problems.push(
        `${object.file}: MailboxSource ${resource.metadata.name} reads a persistentVolumeClaim, which only a cluster has (set ${kind}.path)`,
      );
    else maildirs.set(resource.metadata.name, resolve(dirname(object.file), files.path));
  }
  for (const { resource, object } of valid) {
    if (resource.kind !== 'EmailPipeline') continue;
    if (resource.spec.suspend) {
      suspended.push(resource.metadata.name);
      continue;
    }
    const { namespace } = resource.metadata;
    const peers = placed.filter((peer) => peer.metadata.namespace === namespace);
    const compiled = compilePipeline(
      resource,
      peers.filter((peer) => peer.kind === 'MailboxSource'),
    );
    if (!compiled.ok) {
      problems.push(
        ...compiled.issues.map((issue) => format(place(object, { ...issue, level: 'semantics' as const }))),
      );
      continue;
    }
    const { load } = resource.spec;
    const schedule = timesOf(resource.spec);
    const reconcile = resource.spec.reconcile && timesOf(resource.spec.reconcile);
    pipelines.push({
      revision: compiled.revision,
      ...(schedule && { schedule }),
      ...(reconcile && { reconcile }),
      ...(load !== undefined && { load }),
      runs: peers
        .filter((peer) => peer.kind === 'EmailPipelineRun')
        .filter((run) => run.spec.pipeline.name === resource.metadata.name),
    });
  }
  for (const { resource, object } of valid)
    if (resource.kind === 'MailboxSource' && resource.spec.archive?.volume?.persistentVolumeClaim)
      problems.push(
        `${object.file}: the archive of MailboxSource ${resource.metadata.name} is on a persistentVolumeClaim, which only a cluster has (set archive.volume.path)`,
      );
  problems.push(...clashesOf(valid).map(format));
  // First, so that there is something to read.
  pipelines.unshift(...archiversOf(pipelines, placed));
  if (pipelines.length === 0 && problems.length === 0)
    problems.push(
      suspended.length > 0
        ? `${paths.join(', ')}: every EmailPipeline is suspended; remove suspend: true from one`
        : `${paths.join(', ')}: no EmailPipeline to run; see manifests/samples for some`,
    );
  if (problems.length > 0) return { problems };
  return {
    pipelines,
    sinks: pipelines.flatMap((pipeline) => pipeline.revision.sinks),
    suspended,
    secrets: secretsOf(loaded.objects, namespaces[0]),
    maildirs,
    collectors: collectorsOf(
      pipelines,
      valid.map(({ resource }) => resource),
    ),
  };
}

function collectorsOf(
  pipelines: readonly ProjectPipeline[],
  resources: readonly MailmillResource[],
): readonly CollectorRevision[] {
  const read = new Set(pipelines.flatMap(({ revision }) => revision.sources.map(({ name }) => name)));
  return resources.flatMap((resource) => {
    if (resource.kind !== 'MailboxSource' || !read.has(resource.metadata.name)) return [];
    const { namespace = 'default', name } = resource.metadata;
    return compileCollector(namespace, name, resolveSource(resource).spec) ?? [];
  });
}
