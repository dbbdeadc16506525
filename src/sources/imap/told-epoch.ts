import type { ImapFlow } from 'imapflow';
import type { Internals } from './own-command.ts';

/** Makes a client know a UIDVALIDITY that is told while a folder is open; by itself it learns of one only when it opens a folder. */
export function noteEpochs(client: ImapFlow): void {
  const internals = client as unknown as Internals;
  internals.sectionHandlers.UIDVALIDITY = ([first]) => {
    const value = first && 'value' in first ? String(first.value) : '';
    if (internals.mailbox && /^\d{1,10}$/.test(value)) internals.mailbox.uidValidity = BigInt(value);
  };
}
