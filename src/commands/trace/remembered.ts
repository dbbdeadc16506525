import type { Revision } from '../../pipeline/revision/revision.ts';
import { findRows } from '../../sinks/postgres/find-rows.ts';
import { headerOf } from '../../sources/header-block.ts';
import { hasMessageId, messageIdAsRead } from '../../sources/message-id.ts';
import type { Database } from '../../store/database.ts';
import { deadWith } from '../../store/trace-bytes.ts';
import { asMailmillError } from '../../telemetry/errors.ts';

export interface Remembered {
  /** Ids of messages. */
  readonly ids: readonly string[];
  /** Sinks that could not be asked, and why. */
  readonly silent: readonly string[];
}

/**
 * Messages that had this Message-ID, wherever they are now: the store does not keep it, but the tables of the sinks have it, and what is kept of
 * dead letters.
 */
export async function remembered(
  database: Database,
  revision: Revision,
  secret: (name: string, key: string) => Promise<string>,
  messageId: string,
  signal: AbortSignal,
): Promise<Remembered> {
  const dead = await deadWith(database, revision, (bytes) => hasMessageId(headerOf(bytes), messageId));
  const ids = new Set(dead);
  const silent: string[] = [];
  for (const { name, postgres } of revision.sinks) {
    if (!postgres) continue;
    try {
      const uri = await secret(postgres.secretRef.name, postgres.secretRef.key ?? 'uri');
      for (const id of await findRows(postgres, uri, messageIdAsRead(messageId), signal)) ids.add(id);
    } catch (thrown) {
      const { message, code } = asMailmillError(thrown);
      silent.push(`the sink ${name} cannot be asked: ${message} [${code}]`);
    }
  }
  return { ids: [...ids], silent };
}
