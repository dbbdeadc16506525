import { domainToASCII } from 'node:url';
import { type AddressObject, type EmailAddress, type HeaderLines, type ParsedMail, simpleParser } from 'mailparser';
import { parseDate } from './dates.ts';
import type { DefectCode } from './defect-codes.ts';
import { Defects } from './defects.ts';
import { sha256 } from './fields.ts';
import type { Address, Attachment, RawHeader } from './message.ts';
import type { Message } from './normal-message.ts';
import { clean, cut, maxAttachmentNameLength, maxIdLength, maxValueLength } from './sanitize.ts';
import { threadKey } from './thread.ts';

const options = {
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
  maxHtmlLengthToParse: 2 ** 20,
  keepDeliveryStatus: true,
};

/** Cleans and cuts what mailparser gives, by the same rules as our own parser. */
class Cleaner {
  readonly defects = new Defects();

  text = (text: string | undefined, where: string): string => clean(text ?? '', where, this.defects);

  cut = (text: string | undefined, length: number, where: string, code: DefectCode = 'HEADER_VALUE_CUT'): string =>
    cut(this.text(text, where), length, code, where, this.defects);

  id = (text: string | undefined): string => this.cut(text?.replace(/^\s*<|>\s*$/g, ''), maxIdLength, 'header');

  attachment = (text: string | undefined): string => this.cut(text, maxAttachmentNameLength, 'attachment', 'NAME_CUT');
}

const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  // TypeScript does not narrow readonly arrays out of a generic.
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

function addressOf({ name, address = '' }: EmailAddress, group: string | undefined, cleaner: Cleaner): Address {
  const whole = cleaner.cut(address, maxIdLength, 'header');
  const host = whole.slice(whole.lastIndexOf('@') + 1);
  const domain = whole.includes('@') ? domainToASCII(host) || host.toLowerCase() : '';
  const shown = cleaner.cut(name, maxValueLength, 'header');
  return { name: shown, address: whole, domain, ...(group !== undefined && { group }) };
}

const addressesOf = (value: AddressObject | readonly AddressObject[] | undefined, cleaner: Cleaner) =>
  listOf(value)
    .flatMap((object) => object.value)
    .flatMap((one) =>
      one.group === undefined
        ? [addressOf(one, undefined, cleaner)]
        : one.group.map((member) => addressOf(member, cleaner.cut(one.name, maxValueLength, 'header'), cleaner)),
    );

const isAddresses = (value: unknown): value is AddressObject =>
  typeof value === 'object' && value !== null && 'value' in value && Array.isArray(value.value);

function rawHeadersOf(lines: HeaderLines, cleaner: Cleaner): readonly RawHeader[] {
  return lines.map(({ key, line }) => {
    const value = line.slice(line.indexOf(':') + 1).replace(/\r?\n(?=[ \t])/g, '');
    return { name: cleaner.text(key, 'header'), value: cleaner.cut(value.trim(), maxValueLength, 'header') };
  });
}

/** Values as mailparser decoded them where they are plain text, else as they stand. */
function headersOf(parsed: ParsedMail, raw: readonly RawHeader[], cleaner: Cleaner): Message['headers'] {
  const headers = new Map<string, readonly string[]>();
  for (const [name, fields] of Map.groupBy(raw, (field) => field.name)) {
    const decoded = listOf<unknown>(parsed.headers.get(name));
    const texts = decoded.filter((value) => typeof value === 'string');
    const areAll = texts.length === fields.length;
    headers.set(name, areAll ? texts.map((text) => cleaner.text(text, 'header')) : fields.map(({ value }) => value));
  }
  return headers;
}

const attachmentsOf = (parsed: ParsedMail, cleaner: Cleaner): readonly Attachment[] =>
  parsed.attachments.map(({ filename, contentType, content, cid, contentDisposition, related }) => ({
    filename: cleaner.attachment(filename),
    contentType: cleaner.attachment(contentType),
    size: content.length,
    sha256: sha256(content),
    contentId: cleaner.attachment(cid),
    inline: contentDisposition === 'inline' || related === true,
  }));

/**
 * What mailparser makes of a message on which our own parser failed (`PARSED_BY_MAILPARSER`): envelope, headers, bodies and
 * attachments. What is told from these (list, links, report, protection) is left out, and `reply` is the whole text.
 *
 * @throws what mailparser throws.
 */
export async function parseWithMailparser(raw: Buffer): Promise<Message> {
  const parsed = await simpleParser(raw, options);
  const cleaner = new Cleaner();
  cleaner.defects.add('PARSED_BY_MAILPARSER', 'message');
  const rawHeaders = rawHeadersOf(parsed.headerLines, cleaner);
  const headers = headersOf(parsed, rawHeaders, cleaner);
  const sender = parsed.headers.get('sender');
  // mailparser takes the time of day for a Date that it cannot read.
  const date = rawHeaders.find(({ name }) => name === 'date')?.value ?? '';
  const text = cleaner.text(parsed.text?.replaceAll('\r\n', '\n'), 'text');
  const envelope = {
    messageId: cleaner.id(parsed.messageId),
    inReplyTo: (parsed.inReplyTo?.match(/<[^<>]*>/g) ?? []).map(cleaner.id),
    references: listOf(parsed.references).map(cleaner.id),
    subject: cleaner.cut(parsed.subject, maxValueLength, 'header'),
    from: addressesOf(parsed.from, cleaner)[0] ?? null,
    sender: isAddresses(sender) ? (addressesOf(sender, cleaner)[0] ?? null) : null,
    replyTo: addressesOf(parsed.replyTo, cleaner),
    to: addressesOf(parsed.to, cleaner),
    cc: addressesOf(parsed.cc, cleaner),
    bcc: addressesOf(parsed.bcc, cleaner),
    date: date === '' ? null : parseDate(date, cleaner.defects),
  };
  return {
    ...envelope,
    headers,
    rawHeaders,
    text,
    reply: text,
    html: cleaner.text(parsed.html === false ? '' : parsed.html.replaceAll('\r\n', '\n'), 'html'),
    attachments: attachmentsOf(parsed, cleaner),
    dateOffset: null,
    threadKey: threadKey(envelope),
    protection: null,
    messageClass: '',
    list: null,
    links: [],
    report: null,
    defects: cleaner.defects.list(),
  };
}
