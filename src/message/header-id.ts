import { hash } from 'node:crypto';

/** Of a message that has no Message-ID. */
const none = '0'.repeat(16);

/**
 * What is kept of a Message-ID to find a message by: the first 64 bits of its SHA-256 as 16 lower-case hexadecimal digits, all 0 for the empty one.
 * Of the id as documents have it (`Message.messageId`): without brackets, blanks and comments.
 */
export const headerIdHash = (messageId: string): string =>
  messageId === '' ? none : hash('sha256', messageId, 'hex').slice(0, 16);
