import type { ESearchResult, ListResponse, MailboxLockObject } from 'imapflow';
import { throwIfAborted } from '../abort.ts';
import { byName, type FolderSelection, isSelected, means, type Uses } from '../folder-patterns.ts';
import type {
  Findings,
  FlaggedMessage,
  FolderChanges,
  FolderCounts,
  FolderInfo,
  FolderState,
  Listed,
  MessagePart,
  RawMessage,
  SourceSession,
} from '../source.ts';
import { readFlags } from './changes.ts';
import type { ImapConnection } from './connection.ts';
import { epochOver, folderGone, isFolderError, searchFailed } from './errors.ts';
import { fetchedMessage } from './fetched.ts';
import { findMessages } from './find.ts';
import { pathsByName } from './folder-names.ts';
import { type FolderView, gmailView, type ListedFolder } from './gmail.ts';
import { canListStatus, listStatus } from './list-status.ts';
import { readHeader, readPart, received } from './message-parts.ts';
import { expandUidSet, uidSets } from './uid-set.ts';
import type { Vanished } from './vanished.ts';
import { waitForChange } from './wait.ts';

/** Messages of one folder that a search may claim. */
const searchLimit = 2 ** 24;

const lowerCase = (flags: ReadonlySet<string>): Uses => new Set([...flags].map((flag) => flag.toLowerCase()));

/** A login of an IMAP account, read only: folders are opened by EXAMINE, mail is read by BODY.PEEK. */
export class ImapSession implements SourceSession {
  readonly capabilities: ReadonlySet<string>;
  readonly #connection: ImapConnection;
  readonly #selection: FolderSelection & { readonly watch: readonly string[] };
  /** Patterns are conditions on the labels of Gmail. */
  readonly #labels: boolean;
  /** What is gone, where the server was asked to tell. */
  readonly #vanished: Vanished | undefined;
  /** As the folders were listed last. */
  #view: FolderView | undefined;
  /** Path of each folder on the server by name. */
  #paths: ReadonlyMap<string, string> = new Map();
  #lock: MailboxLockObject | undefined;
  #selected: FolderState | undefined;
  /** By folder, the UIDNEXT that the last open search has seen: what lies above it is news. */
  readonly #searched = new Map<string, { readonly epoch: bigint; readonly uidNext: number }>();
  #changed = false;
  readonly #listeners = new Set<() => void>();

  constructor(
    connection: ImapConnection,
    folders: FolderSelection & { readonly watch?: readonly string[] },
    labels = false,
    vanished?: Vanished,
  ) {
    this.#vanished = vanished;
    this.#connection = connection;
    this.#selection = { watch: [], ...folders };
    this.#labels = labels;
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
    const { watch } = this.#selection;
    const uses = new Map(listed.map((folder) => [folder.name, folder.uses]));
    const watched = (name: string) => watch.some((pattern) => means(pattern, name, uses.get(name)));
    return this.#viewOf(listed).folders.map((name) => ({ name, ...(watched(name) && { watch: true }) }));
  }

  #viewOf(listed: readonly ListedFolder[]): FolderView {
    const selected = ({ name, uses }: ListedFolder) => isSelected(name, this.#selection, uses);
    this.#view = this.#labels
      ? gmailView(listed, this.#selection)
      : { folders: listed.filter(selected).map(({ name }) => name) };
    return this.#view;
  }

  async #list(signal: AbortSignal): Promise<readonly ListedFolder[]> {
    const listed = await this.#connection.named<ListResponse[]>(signal, () => this.#client.list({ listOnly: true }));
    this.#paths = pathsByName(listed.filter(({ flags }) => !flags.has('\\Noselect') && !flags.has('\\NonExistent')));
    const uses = new Map(listed.map(({ path, flags }): [string, Uses] => [path, lowerCase(flags)]));
    return [...this.#paths].map(([name, path]) => ({ name, uses: uses.get(path) ?? new Set() })).sort(byName);
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
    this.#vanished?.forget();
    const mailbox = await this.#connection.named(signal, () => this.#client.mailboxOpen(path, { readOnly: true }));
    // A held lock is how imapflow knows that a quiet connection is in use: it keeps it alive.
    this.#lock = await this.#connection.named(signal, () => this.#client.getMailboxLock(path, { readOnly: true }));
    const exists = mailbox.exists ?? 0;
    const state: FolderState = {
      name: folder,
      epoch: mailbox.uidValidity ?? 0n,
      uidNext: mailbox.uidNext || (await this.#nextUid(exists, signal)),
      exists,
      ...(mailbox.highestModseq && !mailbox.noModseq && { modseq: mailbox.highestModseq }),
    };
    // What came since this folder was searched must not be waited for: the server has announced it already.
    const searched = this.#searched.get(folder);
    if (searched && (searched.epoch !== state.epoch || searched.uidNext < state.uidNext)) this.#changed = true;
    this.#selected = state;
    return state;
  }

  /** For servers that do not tell UIDNEXT. */
  async #nextUid(exists: number, signal: AbortSignal): Promise<number> {
    const last = exists > 0 && (await this.#connection.run(signal, () => this.#client.fetchOne('*', { uid: true })));
    return (last ? last.uid : 0) + 1;
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
    this.#expectEpoch();
    const counted = Array.isArray(found) ? uids?.length : found.count;
    const exists = client.mailbox ? client.mailbox.exists : 0;
    if (uids === undefined || uids.length !== counted || (uids.length === 0 && exists > 0)) throw searchFailed();
    if (to === undefined && this.#selected) {
      const { name, epoch, uidNext } = this.#selected;
      this.#searched.set(name, { epoch, uidNext: Math.max(uidNext, (uids.at(-1) ?? 0) + 1) });
    }
    return uids.filter((uid) => uid >= from && (to === undefined || uid <= to));
  }

  /** A server may tell of a new epoch at any time; what it says belongs to that one then. */
  #expectEpoch(): void {
    const { mailbox } = this.#client;
    if (this.#selected && mailbox && mailbox.uidValidity !== this.#selected.epoch) throw epochOver();
  }

  async list(uids: readonly number[], signal: AbortSignal): Promise<readonly Listed[]> {
    const wanted = new Set(uids);
    const listed: Listed[] = [];
    const reads = this.#view?.reads;
    const folder = this.#selected?.name ?? '';
    const items = { uid: true, size: true, internalDate: true, ...(reads && { labels: true }) };
    for (const set of uidSets(uids)) {
      const rows = this.#connection.rows(signal, () => this.#client.fetch(set, items, { uid: true }));
      for await (const some of rows) {
        for (const { uid, size, receivedAt, objectId, labels } of some) {
          // Also what the server tells unasked comes here: changed flags, without a size.
          if (size === undefined || !wanted.delete(uid)) continue;
          const excluded = reads !== undefined && !reads(folder, labels ?? []);
          const more = { ...(objectId && { objectId }), ...(excluded && { excluded }) };
          listed.push({ uid, size, receivedAt: received(receivedAt), ...more });
        }
      }
    }
    this.#expectEpoch();
    return listed.sort((a, b) => a.uid - b.uid);
  }

  async *fetch(uids: readonly number[], signal: AbortSignal): AsyncGenerator<RawMessage, void, undefined> {
    const wanted = new Set(uids);
    for (const set of uidSets(uids)) {
      const query = { uid: true, flags: true, source: true };
      const rows = this.#connection.rows(signal, () => this.#client.fetch(set, query, { uid: true }), {
        messages: true,
      });
      for await (const some of rows) {
        for (const row of some) {
          const message = fetchedMessage(row);
          if (!message || !wanted.delete(row.uid)) continue;
          yield message;
          throwIfAborted(signal);
        }
      }
      this.#expectEpoch();
    }
  }

  async flags(of: number | readonly number[], since: bigint | undefined, signal: AbortSignal) {
    const flagged: FlaggedMessage[] = [];
    const sets = typeof of === 'number' ? (of < 1 ? [] : [`1:${of}`]) : uidSets(of);
    for (const set of sets) flagged.push(...(await readFlags(this.#connection, set, since, signal)));
    return flagged;
  }

  async changes(to: number, since: bigint, signal: AbortSignal): Promise<FolderChanges | undefined> {
    const { modseq } = this.#selected ?? {};
    if (!this.#vanished || modseq === undefined || since < 1n || since > modseq || to < 1) return undefined;
    const changes = await this.#vanished.changes(to, since, signal);
    this.#expectEpoch();
    return changes;
  }

  isGone(uid: number): boolean {
    return this.#vanished?.has(uid) ?? false;
  }

  async fetchPart(uid: number, offset: number, count: number, signal: AbortSignal): Promise<MessagePart | undefined> {
    const part = await readPart(this.#connection, { uid, offset, count }, signal);
    this.#expectEpoch();
    return part;
  }

  fetchHeader(uid: number, signal: AbortSignal): Promise<Buffer | undefined> {
    return readHeader(this.#connection, uid, signal);
  }

  async find(messageId: string, signal: AbortSignal): Promise<Findings> {
    const all = await this.#list(signal);
    const { folders: selected } = this.#viewOf(all);
    // What is under a label is in All Mail.
    const folders = this.#labels ? selected : all.map(({ name }) => name);
    const candidates = async () => {
      const query = { header: { 'message-id': messageId } };
      const found = await this.#connection.run(signal, () => this.#client.search(query, { uid: true }));
      if (found === undefined) throw searchFailed();
      return found;
    };
    return findMessages(messageId, { folders, selected, session: this, candidates }, signal);
  }

  async statuses(folders: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, FolderCounts>> {
    const counts = new Map<string, FolderCounts>();
    if (folders.length > 1 && canListStatus(this.capabilities)) {
      const paths = new Map<string, string>();
      for (const name of folders) paths.set(await this.#path(name, signal), name);
      const byPath = await listStatus(this.#connection, [...paths.keys()], signal);
      for (const [path, found] of byPath) counts.set(paths.get(path)!, found);
      return counts;
    }
    for (const name of folders)
      try {
        counts.set(name, await this.status(name, signal));
      } catch (error) {
        if (!isFolderError(error)) throw error;
      }
    return counts;
  }

  async status(folder: string, signal: AbortSignal): Promise<FolderCounts> {
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
