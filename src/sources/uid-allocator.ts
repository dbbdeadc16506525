/** Gives UIDs to messages of sources that have none of their own; kept in the store. */
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
}
