import type { ESearchResult, ListResponse, MailboxLockObject } from 'imapflow';
import { transient } from '../../telemetry/errors.ts';
import { throwIfAborted } from '../abort.ts';
import { byName, type FolderSelection, isSelected } from '../folder-patterns.ts';
import { hasMessageId } from '../message-id.ts';
import type { Findings, FolderInfo, FolderState, FoundMessage, Listed, RawMessage, SourceSession } from '../source.ts';
import type { ImapConnection } from './connection.ts';
import { folderGone, isFolderError } from './errors.ts';
import { pathsByName } from './folder-names.ts';
import { expandUidSet, uidSets } from './uid-set.ts';
import { waitForChange } from './wait.ts';

/** Bytes of a header that is fetched alone. */
const headerBytes = 262_144;
/** Messages of one folder that a search may claim. */
const searchLimit = 2 ** 24;

const received = (date: Date | undefined): Date =>
  // A date that cannot be read is the same unreadable date each time: identities depend on it.
  date !== undefined && !Number.isNaN(date.getTime()) ? date : new Date(0);

const searchFailed = () =>
  transient('IMAP_SEARCH_FAILED', 'the answer to a search is incomplete; it is repeated on a new connection');

/** A login of an IMAP account, read only: folders are opened by EXAMINE, mail is read by BODY.PEEK. */
export class ImapSession implements SourceSession {
  readonly capabilities: ReadonlySet<string>;
  readonly #connection: ImapConnection;
  readonly #selection: FolderSelection;
  /** Path of each folder on the server by name. */
  #paths: ReadonlyMap<string, string> = new Map();
  #lock: MailboxLockObject | undefined;
  #selected: FolderState | undefined;
  /** By folder, the UIDNEXT that the last open search has seen: what lies above it is news. */
  readonly #searched = new Map<string, { readonly epoch: bigint; readonly uidNext: number }>();
  #changed = false;
  readonly #listeners = new Set<() => void>();

  constructor(connection: ImapConnection, selection: FolderSelection) {
    this.#connection = connection;
    this.#selection = selection;
    this.capabilities = new Set(connection.client.capabilities.keys());
    connection.client.on('exists', () => {
      this.#changed = true;
      for (const listener of this.#listeners) listener();
    });
  }

  get #client() {
    return this.#connection.client;
  }

  async folders(signal: AbortSignal): Promise<readonly FolderInfo[]> {
    const listed = await this.#list(signal);
    return listed.filter((folder) => isSelected(folder.name, this.#selection));
  }

  async #list(signal: AbortSignal): Promise<readonly FolderInfo[]> {
    const listed = await this.#connection.named<ListResponse[]>(signal, () => this.#client.list({ listOnly: true }));
    this.#paths = pathsByName(listed.filter(({ flags }) => !flags.has('\\Noselect') && !flags.has('\\NonExistent')));
    return [...this.#paths.keys()].map((name) => ({ name })).sort(byName);
  }

  async #path(folder: string, signal: AbortSignal): Promise<string> {
    if (folder === 'INBOX') return folder;
    if (!this.#paths.has(folder)) await this.#list(signal);
    const path = this.#paths.get(folder);
    if (path === undefined) throw folderGone();
    return path;
  }

  async select(folder: string, signal: AbortSignal): Promise<FolderState> {
    const path = await this.#path(folder, signal);
    this.#lock?.release();
    this.#lock = undefined;
    this.#changed = false;
    this.#selected = undefined;
    const mailbox = await this.#connection.named(signal, () => this.#client.mailboxOpen(path, { readOnly: true }));
    // A held lock is how imapflow knows that a quiet connection is in use: it keeps it alive.
    this.#lock = await this.#connection.named(signal, () => this.#client.getMailboxLock(path, { readOnly: true }));
    const exists = mailbox.exists ?? 0;
    const state: FolderState = {
      name: folder,
      epoch: mailbox.uidValidity ?? 0n,
      uidNext: mailbox.uidNext || (await this.#nextUid(exists, signal)),
      exists,
      ...(mailbox.highestModseq === undefined || mailbox.noModseq ? {} : { modseq: mailbox.highestModseq }),
    };
    // What came since this folder was searched must not be waited for: the server has announced it already.
    const searched = this.#searched.get(folder);
    if (searched && (searched.epoch !== state.epoch || searched.uidNext < state.uidNext)) this.#changed = true;
    this.#selected = state;
    return state;
  }

  /** For servers that do not tell UIDNEXT. */
  async #nextUid(exists: number, signal: AbortSignal): Promise<number> {
    if (exists === 0) return 1;
    const last = await this.#connection.run(signal, () => this.#client.fetchOne('*', { uid: true }));
    return (last?.uid ?? 0) + 1;
  }

  async search(from: number, to: number | undefined, signal: AbortSignal): Promise<readonly number[]> {
    if (to !== undefined && to < from) return [];
    if (to === undefined) this.#changed = false;
    const client = this.#client;
    // `*` always finds the last message: an empty answer from a folder that is not empty is a failure that looks like success.
    const set = to === undefined ? `${from}:*` : `${from}:${to},*`;
    const options = { uid: true, returnOptions: ['COUNT', 'ALL'] };
    const found = await this.#connection.run<number[] | ESearchResult | false | undefined>(signal, () =>
      client.search({ uid: set }, options),
    );
    if (found === undefined) throw searchFailed();
    const uids = Array.isArray(found)
      ? found.sort((a, b) => a - b)
      : found.all === undefined
        ? []
        : expandUidSet(found.all, searchLimit);
    const counted = Array.isArray(found) ? uids?.length : found.count;
    const exists = client.mailbox ? client.mailbox.exists : 0;
    if (uids === undefined || uids.length !== counted || (uids.length === 0 && exists > 0)) throw searchFailed();
    if (to === undefined && this.#selected) {
      const { name, epoch, uidNext } = this.#selected;
      this.#searched.set(name, { epoch, uidNext: Math.max(uidNext, (uids.at(-1) ?? 0) + 1) });
    }
    return uids.filter((uid) => uid >= from && (to === undefined || uid <= to));
  }

  async list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]> {
    const wanted = new Set(uids);
    const listed: Listed[] = [];
    for (const set of uidSets(uids)) {
      const rows = this.#connection.rows(signal, () =>
        this.#client.fetch(set, { uid: true, size: true, internalDate: true }, { uid: true }),
      );
      for await (const some of rows) {
        for (const { uid, size, receivedAt, objectId } of some) {
          // Also what the server tells unasked comes here: changed flags, without a size.
          if (size === undefined || !wanted.delete(uid)) continue;
          listed.push({ uid, size, receivedAt: received(receivedAt), ...(objectId ? { objectId } : {}) });
        }
      }
    }
    return listed.sort((a, b) => a.uid - b.uid);
  }

  async *fetch(uids: readonly number[], signal: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    const wanted = new Set(uids);
    for (const set of uidSets(uids)) {
      const rows = this.#connection.rows(signal, () =>
        this.#client.fetch(set, { uid: true, flags: true, source: true }, { uid: true }),
      );
      for await (const some of rows) {
        for (const { uid, body, oversize, flags = [] } of some) {
          if (body === undefined || !wanted.delete(uid)) continue;
          const larger = oversize === undefined ? undefined : { oversize };
          // \Recent tells about sessions, not about the message.
          yield { uid, raw: body, flags: flags.filter((flag) => flag !== '\\Recent'), ...larger };
          throwIfAborted(signal);
        }
      }
    }
  }

  async fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined> {
    const query = { uid: true, bodyParts: [{ key: 'HEADER', start: 0, maxLength: headerBytes }] };
    let header: Buffer | undefined;
    const rows = this.#connection.rows(signal, () => this.#client.fetch(`${uid}`, query, { uid: true }));
    for await (const some of rows) for (const row of some) if (row.uid === uid && row.header) header = row.header;
    return header;
  }

  async find(messageId: string, signal: AbortSignal): Promise<Findings> {
    const messages: FoundMessage[] = [];
    const denied: string[] = [];
    for (const { name: folder } of await this.#list(signal)) {
      try {
        const { epoch } = await this.select(folder, signal);
        const selected = isSelected(folder, this.#selection);
        for (const { uid, receivedAt } of await this.#withMessageId(messageId, signal))
          messages.push({ folder, selected, epoch, uid, receivedAt });
      } catch (error) {
        if (!isFolderError(error)) throw error;
        denied.push(folder);
      }
    }
    return { messages, denied };
  }

  async #withMessageId(messageId: string, signal: AbortSignal): Promise<readonly Listed[]> {
    if (this.#selected?.exists === 0) return [];
    const query = { header: { 'message-id': messageId } };
    const found = await this.#connection.run(signal, () => this.#client.search(query, { uid: true }));
    if (found === undefined) throw searchFailed();
    // The server looks for a part of the field, without regard to case.
    const uids: number[] = [];
    for (const uid of found) {
      const header = await this.fetchHeader(uid, signal);
      if (header && hasMessageId(header, messageId)) uids.push(uid);
    }
    return this.list(uids, signal);
  }

  async status(
    folder: string,
    signal: AbortSignal,
  ): Promise<{ readonly uidNext: number; readonly exists: number; readonly epoch: bigint }> {
    const path = await this.#path(folder, signal);
    const query = { messages: true, uidNext: true, uidValidity: true };
    const status = await this.#connection.named(signal, () => this.#client.status(path, query));
    return { uidNext: status.uidNext ?? 0, exists: status.messages ?? 0, epoch: status.uidValidity ?? 0n };
  }

  async wait(ms: number, signal: AbortSignal): Promise<'changed' | 'timeout'> {
    const flag = {
      seen: () => this.#changed,
      onChange: (listener: () => void) => {
        this.#listeners.add(listener);
        return () => void this.#listeners.delete(listener);
      },
    };
    await waitForChange(this.#connection, ms, flag, signal);
    const changed = this.#changed;
    this.#changed = false;
    return changed ? 'changed' : 'timeout';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lock?.release();
    await this.#connection.close();
  }
}
