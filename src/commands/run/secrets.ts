import type { RevisionSink } from '../../pipeline/revision/revision.ts';
import { stalled } from '../../telemetry/errors.ts';
import { secretFiles } from '../secret-files.ts';
import type { EmbeddedDatabase } from './embedded-postgres.ts';
import type { Project, ProjectPipeline } from './project.ts';

const missing = (error: unknown): boolean => {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR');
};

/** Where Secrets come from: files, objects in DIR, the embedded server for databases that nobody named. */
export class Secrets {
  readonly #project: Project;
  readonly #files: ((name: string, key: string) => Promise<string>) | undefined;
  readonly #embedded: () => Promise<EmbeddedDatabase>;
  readonly #databases: ReadonlySet<string>;

  constructor(project: Project, directory: string | undefined, embedded: () => Promise<EmbeddedDatabase>) {
    this.#project = project;
    this.#files = directory === undefined ? undefined : secretFiles(directory);
    this.#embedded = embedded;
    this.#databases = new Set(project.sinks.flatMap((sink: RevisionSink) => sink.postgres?.secretRef.name ?? []));
  }

  /** Undefined when nobody has the Secret. Throws Stalled `SECRET_KEY_MISSING`, `SECRET_MISSING` for a file that cannot be read. */
  async find(name: string, key: string): Promise<string | undefined> {
    const object = this.#project.secrets.get(name);
    const inline = object?.get(key);
    if (inline !== undefined) return inline;
    try {
      const file = await this.#files?.(name, key);
      if (file !== undefined) return file;
    } catch (error) {
      if (!missing(error)) throw error;
    }
    if (object === undefined) return undefined;
    throw stalled(
      'SECRET_KEY_MISSING',
      `the Secret ${name} has no key ${key} (it has ${[...object.keys()].join(', ') || 'none'}); add it, or name another key in the resource`,
    );
  }

  /** As workers ask. Throws Stalled `SECRET_MISSING`. */
  readonly get = async (name: string, key: string): Promise<string> => {
    const found = await this.find(name, key);
    if (found !== undefined) return found;
    if (this.#databases.has(name)) return (await this.#embedded()).uri(name);
    throw stalled(
      'SECRET_MISSING',
      `there is no Secret ${name} with the key ${key}; add it as kind: Secret beside the resources, or as the file ${name}/${key} in a directory that --secrets names`,
    );
  };
}

/**
 * URI of the one store of all pipelines: the one given, else that of their Secrets, else the embedded server's. Throws Stalled
 * `STORES_DIFFER`.
 */
export async function storeUri(
  given: string | undefined,
  pipelines: readonly ProjectPipeline[],
  secrets: Secrets,
  embedded: () => Promise<EmbeddedDatabase>,
): Promise<string> {
  if (given !== undefined) return given;
  const uris = new Set<string>();
  for (const { revision } of pipelines) {
    const uri = await secrets.find(revision.storeRef.name, revision.storeRef.key);
    if (uri !== undefined) uris.add(uri);
  }
  if (uris.size > 1)
    throw stalled(
      'STORES_DIFFER',
      'the pipelines name different stores; one process runs on one: put them into directories of their own, or name one store with --store URI',
    );
  return [...uris][0] ?? (await embedded()).uri('mailmill');
}
