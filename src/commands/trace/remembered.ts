import { headerIdHash } from '../../message/header-id.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import { findRows } from '../../sinks/postgres/find-rows.ts';
import { headerOf } from '../../sources/header-block.ts';
import { hasMessageId, messageIdAsRead } from '../../sources/message-id.ts';
import type { Database } from '../../store/database.ts';
import { deadWith } from '../../store/trace-bytes.ts';
import { idsByHash, type Unhashed } from '../../store/trace-hash.ts';
import { asMailmillError } from '../../telemetry/errors.ts';

export interface Remembered {
  /** Ids of messages that had it. */
  readonly ids: readonly string[];
  /** Ids of messages of which only the hash of it is left. */
  readonly byHash: readonly string[];
  /** Records that cannot be found by such a hash. */
  readonly unhashed: Unhashed | undefined;
  /** Sinks that could not be asked, and why. */
  readonly silent: readonly string[];
}

/**
 * Messages that had this Message-ID, wherever they are now: by the tables of the sinks, by what is kept of dead letters, and by the hash of it
 * that the store keeps of all that the pipeline has read.
 */
export async function remembered(
  database: Database,
  revision: Revision,
  secret: (name: string, key: string) => Promise<string>,
  messageId: string,
  signal: AbortSignal,
): Promise<Remembered> {
  const asRead = messageIdAsRead(messageId);
  const dead = await deadWith(database, revision, (bytes) => hasMessageId(headerOf(bytes), messageId));
  const ids = new Set(dead);
  const silent: string[] = [];
  for (const { name, postgres } of revision.sinks) {
    if (!postgres) continue;
    try {
      const uri = await secret(postgres.secretRef.name, postgres.secretRef.key ?? 'uri');
      for (const id of await findRows(postgres, uri, asRead, signal)) ids.add(id);
    } catch (thrown) {
      const { message, code } = asMailmillError(thrown);
      silent.push(`the sink ${name} cannot be asked: ${message} [${code}]`);
    }
  }
  const found = await idsByHash(database, revision, headerIdHash(asRead));
  return { ids: [...ids], byHash: found.ids.filter((id) => !ids.has(id)), unhashed: found.unhashed, silent };
}
