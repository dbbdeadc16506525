import { type AddressObject, type ParsedMail, simpleParser } from 'mailparser';
import PostalMime, { type Email, type Address as PostalAddress } from 'postal-mime';
import { sha256 } from '../../../src/message/fields.ts';
import type { Message } from '../../../src/message/normal-message.ts';

/** What is compared of a message, each field as one string; text without regard to the kind and number of blanks. */
export type Fields = Readonly<
  Record<'subject' | 'from' | 'to' | 'messageId' | 'text' | 'html' | 'attachments', string>
>;

export const words = (text: string) => text.replace(/\s+/g, ' ').trim();
const hashes = (contents: readonly Uint8Array[]): string => contents.map((one) => sha256(one)).join(' ');

export const ourFields = (message: Message): Fields => ({
  subject: words(message.subject),
  from: message.from?.address ?? '',
  to: message.to.map((one) => one.address).join(', '),
  messageId: message.messageId,
  text: words(message.text),
  html: words(message.html),
  attachments: message.attachments.map((one) => one.sha256).join(' '),
});

function theirAddresses(value: AddressObject | AddressObject[] | undefined): string[] {
  const objects = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return objects
    .flatMap((object) => object.value)
    .flatMap((one) => one.group ?? [one])
    .map((one) => one.address ?? '');
}

const options = { skipHtmlToText: true, skipTextToHtml: true, skipTextLinks: true, skipImageLinks: true };

const mailparserFields = (parsed: ParsedMail): Fields => ({
  subject: words(parsed.subject ?? ''),
  from: theirAddresses(parsed.from)[0] ?? '',
  to: theirAddresses(parsed.to).join(', '),
  messageId: (parsed.messageId ?? '').replace(/^<|>$/g, ''),
  text: words(parsed.text ?? ''),
  html: words(parsed.html === false ? '' : parsed.html),
  attachments: hashes(parsed.attachments.map((one) => one.content)),
});

export const mailparser = async (raw: Buffer): Promise<Fields> => mailparserFields(await simpleParser(raw, options));

const postalAddresses = (list: readonly PostalAddress[]): string =>
  list
    .flatMap((one) => one.group ?? [one])
    .map((one) => one.address ?? '')
    .join(', ');

const postalFields = (email: Email): Fields => ({
  subject: words(email.subject ?? ''),
  from: email.from?.address ?? '',
  to: postalAddresses(email.to ?? []),
  messageId: (email.messageId ?? '').replace(/^<|>$/g, ''),
  text: words(email.text ?? ''),
  html: words(email.html ?? ''),
  attachments: hashes(
    email.attachments.map((one) =>
      typeof one.content === 'string' ? Buffer.from(one.content) : new Uint8Array(one.content),
    ),
  ),
});

/** Asked where mailparser and we disagree. */
export const postalMime = async (raw: Buffer): Promise<Fields> => postalFields(await PostalMime.parse(raw));
