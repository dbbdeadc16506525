import { type UidRange, UidSet } from '../../store/uid-set.ts';
import type { FolderChanges } from '../source.ts';
import { readFlags } from './changes.ts';
import type { ImapConnection } from './connection.ts';
import type { Internals } from './own-command.ts';
import { uidRanges } from './uid-set.ts';

/** What a server has said about messages that are gone (RFC 7162 §3.2.10). */
export class Vanished {
  readonly #connection: ImapConnection;
  /** While the folder was open. */
  #now = UidSet.empty;
  /** Before, as asked for; undefined: an answer could not be read. */
  #earlier: UidRange[] | undefined = [];

  private constructor(connection: ImapConnection) {
    this.#connection = connection;
  }

  /** Asks a server to name what is gone by UID; no folder was opened yet. Undefined: it cannot. */
  static async watch(connection: ImapConnection, signal: AbortSignal): Promise<Vanished | undefined> {
    const { client } = connection;
    if (!client.capabilities.has('QRESYNC') || !client.capabilities.has('ENABLE')) return undefined;
    const vanished = new Vanished(connection);
    const internals = client as unknown as Internals;
    connection.onVanished = (text) => vanished.#take(internals, text);
    // imapflow takes an EXISTS with the number that it knows for nothing new, and what vanished before may not be counted yet.
    const exists = internals.untaggedHandlers.EXISTS!;
    internals.untaggedHandlers.EXISTS = (untagged) => {
      if (internals.mailbox) internals.mailbox.exists = -1;
      return exists(untagged);
    };
    // A refusal is an answer: then it is done without.
    const enabled = await connection.run(signal, async () => (await internals.run('ENABLE', ['QRESYNC'])) || new Set());
    // imapflow would ask for MODSEQ in every FETCH; `readFlags` says when.
    client.enabled.delete('CONDSTORE');
    return enabled.has('QRESYNC') ? vanished : undefined;
  }

  #take({ mailbox }: Internals, text: string): void {
    const earlier = /^\(EARLIER\) */i.exec(text);
    const ranges = uidRanges(text.slice(earlier?.[0].length));
    if (earlier) {
      if (ranges) this.#earlier?.push(...ranges);
      else this.#earlier = undefined;
    } else if (ranges) {
      this.#now = this.#now.union(UidSet.from(ranges));
      const count = ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
      if (mailbox) mailbox.exists = Math.max(0, mailbox.exists - count);
    }
  }

  /** Another folder is opened, or the same again. */
  forget(): void {
    this.#now = UidSet.empty;
  }

  has(uid: number): boolean {
    return this.#now.has(uid);
  }

  /** See `SourceSession.changes`; the folder has a HIGHESTMODSEQ that is not less than `since`. */
  async changes(to: number, since: bigint, signal: AbortSignal): Promise<FolderChanges | undefined> {
    this.#earlier = [];
    // With QRESYNC enabled imapflow asks for VANISHED, too.
    const flagged = await readFlags(this.#connection, `1:${to}`, since, signal);
    const earlier: readonly UidRange[] | undefined = this.#earlier;
    return earlier && { flagged, vanished: UidSet.from(earlier).union(this.#now) };
  }
}
