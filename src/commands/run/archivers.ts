import { dirname, resolve } from 'node:path';
import { resolveSource } from '../../api/resolve.ts';
import type { MailmillResource } from '../../api/resources.ts';
import { compileArchiver } from '../../pipeline/archive/compile.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';

/** A source whose archive is a directory names it relative to its file; from here on it is absolute. */
export function withArchivePath(resource: MailmillResource, file: string): MailmillResource {
  if (resource.kind !== 'MailboxSource') return resource;
  const { archive } = resource.spec;
  if (archive?.volume?.path === undefined) return resource;
  const volume = { ...archive.volume, path: resolve(dirname(file), archive.volume.path) };
  return { ...resource, spec: { ...resource.spec, archive: { ...archive, volume } } };
}

/** When something runs that has a schedule. */
export const timesOf = ({
  schedule,
  timeZone = 'Etc/UTC',
}: {
  readonly schedule?: string;
  readonly timeZone?: string;
}) => (schedule === undefined ? undefined : { expression: schedule, timeZone });

/** What writes an archive; it runs as a pipeline does. */
export interface Archiver {
  readonly revision: Revision;
  /** Present: runs at these times. */
  readonly schedule?: { readonly expression: string; readonly timeZone: string };
  /** Present: mailbox and archive are compared at these times. */
  readonly reconcile?: { readonly expression: string; readonly timeZone: string };
  readonly runs: readonly [];
}

/** What writes the archives that these pipelines read. */
export function archiversOf(
  pipelines: readonly { readonly revision: Revision }[],
  resources: readonly MailmillResource[],
): readonly Archiver[] {
  const read = new Set(pipelines.flatMap(({ revision }) => revision.sources.map(({ name }) => name)));
  return resources.flatMap((resource) => {
    if (resource.kind !== 'MailboxSource' || !read.has(resource.metadata.name)) return [];
    const { namespace = 'default', name } = resource.metadata;
    const { spec } = resolveSource(resource);
    const revision = compileArchiver(namespace, name, spec);
    if (!revision) return [];
    const schedule = timesOf(spec);
    const reconcile = spec.reconcile && timesOf(spec.reconcile);
    return [{ revision, runs: [], ...(schedule && { schedule }), ...(reconcile && { reconcile }) }];
  });
}
