import { hasMessageId } from '../message-id.ts';
import type { Findings, FoundMessage, SourceSession } from '../source.ts';
import { isFolderError } from './errors.ts';

export interface Search {
  /** Where to look. */
  readonly folders: readonly string[];
  /** Which of them are read. */
  readonly selected: readonly string[];
  readonly session: Pick<SourceSession, 'select' | 'fetchHeader' | 'list'>;
  /** UIDs in the open folder that have something like it. */
  readonly candidates: () => Promise<readonly number[]>;
}

/** Looks for a Message-ID; see `SourceSession.find`. */
export async function findMessages(
  messageId: string,
  { folders, selected, session, candidates }: Search,
  signal: AbortSignal,
): Promise<Findings> {
  const messages: FoundMessage[] = [];
  const denied: string[] = [];
  for (const folder of folders) {
    try {
      const { epoch, exists } = await session.select(folder, signal);
      // The server looks for a part of the field, without regard to case.
      const uids: number[] = [];
      for (const uid of exists === 0 ? [] : await candidates()) {
        const header = await session.fetchHeader(uid, signal);
        if (header && hasMessageId(header, messageId)) uids.push(uid);
      }
      for (const { uid, receivedAt, excluded } of await session.list(uids, signal))
        messages.push({ folder, selected: selected.includes(folder) && !excluded, epoch, uid, receivedAt });
    } catch (error) {
      if (!isFolderError(error)) throw error;
      denied.push(folder);
    }
  }
  return { messages, denied };
}
