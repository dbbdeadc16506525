import { readFile } from 'node:fs/promises';
import type { Revision } from '../pipeline/revision/revision.ts';
import { asMailmillError, exitCodes } from '../telemetry/errors.ts';
import type { CommandIo } from './command.ts';
import { secretsDirectory } from './place.ts';
import { defaultStateDirectory, reachEmbeddedPostgres } from './run/embedded-postgres.ts';
import { LazyServer } from './run/lazy-server.ts';
import { loadProject } from './run/project.ts';
import { Secrets, storeUri } from './run/secrets.ts';
import { secretFiles } from './secret-files.ts';

/** A pipeline to look at, and where its Secrets and mail are. */
export interface Target {
  readonly revision: Revision;
  readonly storeUri: string;
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly maildirPath: (source: string) => string;
}

/** Options of `parseArgs` that say where pipelines are. */
export const targetOptions = {
  revision: { type: 'string' },
  store: { type: 'string' },
  state: { type: 'string' },
  secrets: { type: 'string' },
} as const;

export interface TargetValues {
  readonly revision?: string | undefined;
  readonly store?: string | undefined;
  readonly state?: string | undefined;
  readonly secrets?: string | undefined;
}

/**
 * Visits the pipelines of `directory`, or that of the revision in a file, one after the other. Returns the exit code: that of `visited()`
 * when all went well. `command` stands in error messages.
 */
export async function visitTargets(
  command: string,
  directory: string | undefined,
  values: TargetValues,
  io: CommandIo,
  visit: (target: Target) => Promise<void>,
  visited: () => number,
): Promise<number> {
  if (values.revision !== undefined) {
    const revision = JSON.parse(await readFile(values.revision, 'utf8')) as Revision; // written by our own compiler
    const secret = secretFiles(secretsDirectory(io.env));
    const uri = await secret(revision.storeRef.name, revision.storeRef.key);
    const maildirs = io.env.MAILMILL_MAILDIRS ?? '/var/lib/mailmill/maildir';
    await visit({ revision, storeUri: uri, secret, maildirPath: (source) => `${maildirs}/${source}` });
    return visited();
  }
  if (directory === undefined) return 2;
  const project = await loadProject([directory], io.signal);
  if ('problems' in project) {
    for (const problem of project.problems) io.stderr.write(`${problem}\n`);
    return 1;
  }
  const state = values.state ?? defaultStateDirectory(directory, io.env);
  const server = new LazyServer(() => reachEmbeddedPostgres(state, (text) => io.stderr.write(`${text}\n`), io.signal));
  try {
    const secrets = new Secrets(project, values.secrets, server.get);
    const uri = await storeUri(values.store ?? io.env.MAILMILL_STORE_URI, project.pipelines, secrets, server.get);
    const maildirPath = (source: string) => project.maildirs.get(source) ?? source;
    for (const { revision } of project.pipelines)
      await visit({ revision, storeUri: uri, secret: secrets.get, maildirPath });
    return visited();
  } catch (thrown) {
    const error = asMailmillError(thrown);
    io.stderr.write(`mailmill ${command}: ${error.message} [${error.code}]\n`);
    return exitCodes[error.family];
  } finally {
    await server.stop();
  }
}
