/** Gives UIDs to messages of sources that have none of their own; kept in the store, shared by all who read the source. */
export interface UidAllocator {
  /**
   * The UID of each key, the same at every call; new keys get the next free ones in the order given, above all that the folder
   * ever had.
   */
  assign(
    source: string,
    account: string,
    folder: string,
    keys: readonly string[],
  ): Promise<ReadonlyMap<string, number>>;
  /** The greatest UID that was given in a folder; 0: none. */
  last(source: string, account: string, folder: string): Promise<number>;
  /** The keys that have these UIDs, inclusive. */
  keys(source: string, account: string, folder: string, from: number, to: number): Promise<ReadonlyMap<number, string>>;
}
