import { parseMessage } from '../message/parse.ts';
import { MailmillError } from '../telemetry/errors.ts';
import { headerBytes, headerOf } from './header-block.ts';

/** The Message-ID of a message, or of its header; empty when it has none, undefined when its header cannot be read. */
export function messageIdOf(raw: Buffer): string | undefined {
  try {
    return parseMessage(headerOf(raw.subarray(0, headerBytes))).messageId;
  } catch {
    return undefined; // what is wrong with it is told elsewhere: only a search by Message-ID does not find it
  }
}

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
