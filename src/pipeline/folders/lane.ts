import type { FolderState, SourceSession } from '../../sources/source.ts';

/** A session, and the folder that is open in it. Used by one task. */
export class Lane {
  readonly session: SourceSession;
  /** Ends what it is doing, at once. */
  readonly signal: AbortSignal;
  #open: FolderState | undefined;

  constructor(session: SourceSession, signal: AbortSignal) {
    this.session = session;
    this.signal = signal;
  }

  isIn(folder: string): boolean {
    return this.#open?.name === folder;
  }

  /** Opens a folder unless it is open already; with `again` in any case, which tells UIDVALIDITY and UIDNEXT as they are now. */
  async open(folder: string, again = false): Promise<FolderState> {
    if (this.#open?.name === folder && !again) return this.#open;
    this.#open = undefined;
    this.#open = await this.session.select(folder, this.signal);
    return this.#open;
  }
}
