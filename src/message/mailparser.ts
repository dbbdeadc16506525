import { simpleParser } from 'mailparser';
import { stalled } from '../telemetry/errors.ts';

const options = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
  keepDeliveryStatus: false,
};

/**
 * Text in a charset that only mailparser's tables know: handed to it as the body of a message of its own, so that all else
 * about the message stays ours.
 *
 * @throws MailmillError `MESSAGE_UNREADABLE` when mailparser fails.
 */
export async function decodeWithMailparser(bytes: Buffer, charset: string): Promise<string> {
  const name = charset.replace(/[^\w.:+-]/g, '');
  const header = `Content-Type: text/plain; charset="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n`;
  const message = Buffer.concat([Buffer.from(header), Buffer.from(wrap(bytes.toString('base64')))]);
  const parsed = await simpleParser(message, options).catch((error: unknown) => {
    throw stalled('MESSAGE_UNREADABLE', 'a body of the message cannot be decoded; look at its raw bytes', {
      cause: error,
    });
  });
  return parsed.text ?? '';
}

/** Lines of 76 characters: mailparser reads line by line. */
const wrap = (text: string): string => text.replace(/.{76}/g, '$&\r\n');
