import { parseMessage } from '../message/parse.ts';
import { MailmillError } from '../telemetry/errors.ts';

/** Whether a header's Message-ID, without its angle brackets, is this one. */
export function hasMessageId(header: Buffer, messageId: string): boolean {
  try {
    return parseMessage(header).messageId === messageId;
  } catch (error) {
    if (!(error instanceof MailmillError)) throw error;
    return header.includes(messageId); // beyond the parser's limits
  }
}
