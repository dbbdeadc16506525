import { MailmillError } from '../telemetry/errors.ts';
import { everything } from './insights.ts';
import type { Message } from './normal-message.ts';
import { parseMessage } from './parse.ts';

/**
 * The whole normalised message, decoded; by mailparser where our own parser fails. Throws MailmillError `MESSAGE_*` for what no parser
 * should read.
 */
export async function readWhole(raw: Buffer): Promise<Message> {
  try {
    return everything(parseMessage(raw));
  } catch (error) {
    if (error instanceof MailmillError) throw error;
    const { parseWithMailparser } = await import('./mailparser.ts');
    return everything(await parseWithMailparser(raw));
  }
}
