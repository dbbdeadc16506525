import { simpleParser } from 'mailparser';
import { stalled } from '../telemetry/errors.ts';
import { sha256 } from './fields.ts';
import { htmlToText } from './html-to-text.ts';
import type { Attachment, Message } from './message.ts';
import { clean, cut, type Defects, maxAttachmentNameLength } from './sanitize.ts';

/** What stands in a message's body. */
export type Bodies = Pick<Message, 'text' | 'html' | 'attachments'>;

const options = {
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
  keepDeliveryStatus: false,
};

/** The bodies of `raw` as mailparser reads them: every text part joined, delivery reports among them. */
export async function readBodiesWithMailparser(raw: Buffer, defects: Defects): Promise<Bodies> {
  const parsed = await simpleParser(raw, options).catch((error: unknown) => {
    throw stalled('MESSAGE_UNREADABLE', 'neither parser can read the message; look at its raw bytes', { cause: error });
  });
  const name = (value: string | undefined) =>
    cut(clean(value ?? '', 'attachment', defects), maxAttachmentNameLength, 'NAME_CUT', 'attachment', defects);
  const attachments = parsed.attachments.map(
    (attachment): Attachment => ({
      filename: name(attachment.filename),
      contentType: name(attachment.contentType).toLowerCase(),
      size: attachment.size,
      sha256: sha256(attachment.content),
      contentId: name(attachment.cid),
      inline: attachment.contentDisposition === 'inline' || attachment.related === true,
    }),
  );
  const html = clean(parsed.html === false ? '' : parsed.html, 'html', defects);
  const text = parsed.text === undefined ? htmlToText(html) : parsed.text;
  return { text: clean(text, 'text', defects), html, attachments };
}
