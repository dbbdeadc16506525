/**
 * The name under which the store has the accounts and folders of a source's archive: their positions are others than those of the mailbox. No
 * source can have such a name.
 */
export const archivedAs = (source: string): string => `${source}/archive`;
