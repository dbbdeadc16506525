import { parseMessage } from '../message/parse.ts';
import { MailmillError } from '../telemetry/errors.ts';

/** A Message-ID, as it stands in a header without its angle brackets, as documents have it. */
export function messageIdAsRead(messageId: string): string {
  return parseMessage(Buffer.from(`Message-ID: <${messageId}>\r\n\r\n`)).messageId ?? messageId;
}

/** Whether a header's Message-ID, without its angle brackets, is this one. */
export function hasMessageId(header: Buffer, messageId: string): boolean {
  try {
    return parseMessage(header).messageId === messageIdAsRead(messageId);
  } catch (error) {
    if (!(error instanceof MailmillError)) throw error;
    return header.includes(messageId); // beyond the parser's limits
  }
}
