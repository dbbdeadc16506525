import type { FlaggedMessage } from '../source.ts';
import type { ImapConnection } from './connection.ts';

/**
 * Flags of the messages of a sequence set in the selected folder; with `since` only of those that changed after that MODSEQ, where the server has
 * CONDSTORE (RFC 7162).
 */
export async function readFlags(
  connection: ImapConnection,
  set: string,
  since: bigint | undefined,
  signal: AbortSignal,
): Promise<readonly FlaggedMessage[]> {
  const { client } = connection;
  // The last answer counts: a server may tell of a change twice.
  const flagged = new Map<number, FlaggedMessage>();
  // FETCH with MODSEQ enables it by itself (§3.1); imapflow asks for that only when it believes it enabled.
  const enable = client.capabilities.has('CONDSTORE') && !client.enabled.has('CONDSTORE');
  if (enable) client.enabled.add('CONDSTORE');
  try {
    const options = { uid: true, ...(since === undefined ? {} : { changedSince: since }) };
    const rows = connection.rows(signal, () => client.fetch(set, { uid: true, flags: true }, options));
    for await (const some of rows)
      for (const { uid, flags } of some)
        if (flags) flagged.set(uid, { uid, flags: flags.filter((flag) => flag !== '\\Recent') });
  } finally {
    if (enable) client.enabled.delete('CONDSTORE');
  }
  return [...flagged.values()];
}
