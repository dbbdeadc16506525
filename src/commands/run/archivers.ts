import { dirname, resolve } from 'node:path';
import { resolveSource } from '../../api/resolve.ts';
import type { MailmillResource } from '../../api/resources.ts';
import { compileArchiver } from '../../pipeline/archive/compile.ts';
import type { ProjectPipeline } from './project.ts';

/** A source whose archive is a directory names it relative to its file; from here on it is absolute. */
export function withArchivePath(resource: MailmillResource, file: string): MailmillResource {
  if (resource.kind !== 'MailboxSource') return resource;
  const { archive } = resource.spec;
  if (archive?.volume?.path === undefined) return resource;
  const volume = { ...archive.volume, path: resolve(dirname(file), archive.volume.path) };
  return { ...resource, spec: { ...resource.spec, archive: { ...archive, volume } } };
}

/** What writes the archives that these pipelines read. */
export function archiversOf(
  pipelines: readonly ProjectPipeline[],
  resources: readonly MailmillResource[],
): readonly ProjectPipeline[] {
  const read = new Set(pipelines.flatMap(({ revision }) => revision.sources.map(({ name }) => name)));
  return resources.flatMap((resource) => {
    if (resource.kind !== 'MailboxSource' || !read.has(resource.metadata.name)) return [];
    const { namespace = 'default', name } = resource.metadata;
    const { spec } = resolveSource(resource);
    const revision = compileArchiver(namespace, name, spec);
    if (!revision) return [];
    const { schedule: expression, timeZone = 'Etc/UTC' } = spec;
    return [{ revision, runs: [], ...(expression !== undefined && { schedule: { expression, timeZone } }) }];
  });
}
