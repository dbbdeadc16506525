import { milliseconds } from '../../api/schema.ts';
import { openArchive } from '../../sources/archive/open.ts';
import type { Database } from '../../store/database.ts';
import type { Revision } from '../revision/revision.ts';
import { Keeper } from './keeper.ts';

export interface KeeperEnvironment {
  readonly database: Database;
  readonly secret: (name: string, key: string) => Promise<string>;
  readonly clock: () => Date;
}

/** Opens the archive that a collector's revision writes; undefined for the revision of a pipeline. */
export async function openKeeper(revision: Revision, environment: KeeperEnvironment): Promise<Keeper | undefined> {
  const { keeps, namespace } = revision;
  const [source] = revision.sources;
  if (!keeps || !source) return undefined;
  const { database, secret, clock } = environment;
  const archive = await openArchive({ spec: keeps, namespace, source: source.name, database, secret });
  const retentionMs = keeps.retention === undefined ? undefined : milliseconds(keeps.retention);
  const changes = new Set(keeps.changes);
  return new Keeper({ namespace, database, archive, retentionMs, changes, clock });
}
