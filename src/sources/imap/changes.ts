import type { FlaggedMessage } from '../source.ts';
import type { ImapConnection } from './connection.ts';

/**
 * Flags of the messages up to a UID in the selected folder; with `since` only of those that changed after that MODSEQ, where the server has
 * CONDSTORE (RFC 7162).
 */
export async function readFlags(
  connection: ImapConnection,
  to: number,
  since: bigint | undefined,
  signal: AbortSignal,
): Promise<readonly FlaggedMessage[]> {
  if (to < 1) return [];
  const { client } = connection;
  const flagged: FlaggedMessage[] = [];
  // FETCH with MODSEQ enables it by itself (§3.1); imapflow asks for that only when it believes it enabled.
  const enable = client.capabilities.has('CONDSTORE') && !client.enabled.has('CONDSTORE');
  if (enable) client.enabled.add('CONDSTORE');
  try {
    const options = { uid: true, ...(since === undefined ? {} : { changedSince: since }) };
    const rows = connection.rows(signal, () => client.fetch(`1:${to}`, { uid: true, flags: true }, options));
    for await (const some of rows)
      for (const { uid, flags } of some)
        if (flags) flagged.push({ uid, flags: flags.filter((flag) => flag !== '\\Recent') });
  } finally {
    if (enable) client.enabled.delete('CONDSTORE');
  }
  return flagged;
}
