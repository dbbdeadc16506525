import type { Message } from '../../../src/message/normal-message.ts';
import type { Fields } from './opinions.ts';

/** One field on which mailparser and we disagree. */
export interface Difference {
  readonly field: keyof Fields;
  readonly ours: string;
  readonly theirs: string;
  readonly message: Message;
  readonly raw: Buffer;
}

/** A way in which we differ from mailparser on purpose. */
export interface Rule {
  readonly name: string;
  readonly reason: string;
  /** postal-mime may read it as mailparser does: we stand alone, and know why. */
  readonly alone?: true;
  /** Differences on the SpamAssassin corpus. */
  readonly count: number;
  readonly explains: (difference: Difference) => boolean;
}

const ascii = (text: string) =>
  text
    .replace(/[^\t-\r -~]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
const dense = (text: string) => text.replace(/\s+/g, '');
const bare = (text: string) => text.replace(/[\s>]+/g, '');
const has = (message: Message, ...codes: string[]) => message.defects.some((defect) => codes.includes(defect.code));
const header = (message: Message, name: string) => message.headers.get(name)?.join('\n') ?? '';
const has8bit = (message: Message) =>
  has(message, 'HEADER_8BIT', 'UNDECLARED_8BIT', 'CHARSET_UNKNOWN', 'CHARSET_WRONG', 'CHARSET_INVALID_BYTES');
const isBody = (field: keyof Fields) => field === 'text' || field === 'html';

/** Tried in this order; the first that explains a difference counts. */
export const rules: readonly Rule[] = [
  {
    name: 'text comes from HTML when there is no text part',
    alone: true,
    reason: 'a document always has its text',
    count: 958,
    explains: ({ field, theirs, message }) => field === 'text' && theirs === '' && message.html !== '',
  },
  {
    name: 'bare 8-bit bytes are UTF-8 or windows-1252, never U+FFFD',
    alone: true,
    reason: 'senders mean one of the two; what U+FFFD stood for is lost',
    count: 208,
    explains: ({ ours, theirs, message }) => has8bit(message) && ascii(ours) === ascii(theirs),
  },
  {
    name: 'flowed lines are joined within one depth of quotation',
    alone: true,
    reason: 'RFC 3676 §4.5: quote marks stand once a paragraph; mailparser and postal-mime leave those of each line',
    count: 212,
    explains: ({ field, ours, theirs, raw }) =>
      field === 'text' && /format="?flowed/i.test(raw.toString('latin1')) && bare(ascii(ours)) === bare(ascii(theirs)),
  },
  {
    name: 'a delivery status, a complaint and a nested message are attachments, not text',
    alone: true,
    reason: 'RFC 8621 §4.1.4; what they say is in `report`',
    count: 12,
    explains: ({ field, ours, theirs, message }) =>
      message.attachments.some((a) => /^(text|message)\//.test(a.contentType)) &&
      (field === 'attachments' || (isBody(field) && theirs.includes(ours.slice(0, 50)))),
  },
  {
    name: 'a Message-ID ends with its angle bracket and has neither blanks nor comments',
    alone: true,
    reason: 'RFC 5322 §3.6.4, §4.5.4; what follows is no part of the id, nor is where it was folded',
    count: 24,
    explains: ({ field, ours, theirs }) =>
      field === 'messageId' &&
      (theirs.startsWith(`${ours}>`) ||
        dense(theirs.replace(/\([^()]*\)/g, '')).replace(/>$/, '') === dense(ours.replace(/\([^()]*\)/g, ''))),
  },
  {
    name: 'an empty group that mail servers put their name behind is nobody',
    alone: true,
    reason: '`undisclosed-recipients:;@host` is no address (RFC 5322 §3.4), and none that anybody wrote',
    count: 9,
    explains: ({ field, ours, theirs }) => field === 'to' && ours === '' && /^[^<>@:;"]+:(?:;@|@[^;]+;)/.test(theirs),
  },
  {
    name: 'an address keeps its encoded word',
    alone: true,
    reason: 'RFC 2047 §5 (3) allows none there',
    count: 8,
    explains: ({ ours }) => ours.includes('=?'),
  },
  {
    name: 'blanks within an address are dropped, not what stands before them',
    reason: 'RFC 5322 §4.4: obsolete forms have blanks around dots and `@`',
    count: 28,
    explains: ({ field, ours, message }) =>
      field === 'to' && /<[^>]*\s[^>]*>/.test(header(message, 'to')) && ours !== '',
  },
  {
    name: 'text behind base64 is left out',
    alone: true,
    reason: 'mailing lists append their footer to encoded text; decoded it is noise',
    count: 6,
    explains: ({ field, ours, theirs, message }) =>
      isBody(field) && has(message, 'BASE64_TEXT_SKIPPED') && ascii(theirs).startsWith(ascii(ours)),
  },
  {
    name: 'U+0000 is replaced',
    alone: true,
    reason: 'no database takes it',
    count: 1,
    explains: ({ ours, theirs, message }) => has(message, 'NUL_REPLACED') && ours === theirs.replaceAll('\0', '\uFFFD'),
  },
  {
    name: 'an escape that a soft line break cuts is not decoded',
    reason: 'RFC 2045 §6.7: it is none',
    count: 1,
    explains: ({ field, ours, theirs }) => field === 'html' && ours.replaceAll('=3D', '=') === theirs,
  },
  {
    name: 'HTML parts follow one another without a break',
    reason: 'a `<br/>` is not what was sent',
    count: 3,
    explains: ({ field, ours, theirs }) =>
      field === 'html' && dense(theirs.replaceAll('<br/>', '')) === dense(ours.replaceAll('<br/>', '')),
  },
  {
    name: 'a quoted string in a domain belongs to the address',
    alone: true,
    reason: 'nothing of a broken address is dropped',
    count: 2,
    explains: ({ field, ours, theirs }) => field === 'to' && ours.replace(/"[^"]*"/, '') === theirs,
  },
  {
    name: 'a multipart without parts is text',
    alone: true,
    reason: 'its content would be lost',
    count: 2,
    explains: ({ field, theirs, message }) =>
      field === 'text' && theirs === '' && has(message, 'MULTIPART_WITHOUT_PARTS', 'BOUNDARY_MISSING'),
  },
  {
    name: 'a blank in place of the semicolon begins the parameters',
    alone: true,
    reason: 'the boundary or charset behind it is meant',
    count: 2,
    explains: ({ field, message }) =>
      (isBody(field) || field === 'attachments') && has(message, 'PARAMETER_SEPARATOR_MISSING'),
  },
  {
    name: 'a broken multipart is repaired',
    alone: true,
    reason: 'its parts are there; mailparser leaves their delimiters and headers in the text, or drops them',
    count: 0,
    explains: ({ field, message }) =>
      (isBody(field) || field === 'attachments') &&
      has(
        message,
        'BOUNDARY_END_MISSING',
        'BOUNDARY_START_MISSING',
        'BOUNDARY_GUESSED',
        'MULTIPART_WITHOUT_PARTS',
        'HEADER_FOLD_MISSING',
      ),
  },
  {
    name: 'a delimiter of an outer multipart ends the inner one',
    reason: 'RFC 2046 §5.1.2',
    count: 0,
    explains: ({ field, ours, theirs }) =>
      isBody(field) && theirs.includes('Content-Type: ') && !ours.includes('Content-Type: '),
  },
  {
    name: 'a header that goes over into text ends there',
    alone: true,
    reason: 'nothing of the text is lost',
    count: 0,
    explains: ({ field, ours, theirs, message }) =>
      field === 'text' && has(message, 'HEADER_END_MISSING') && ours.includes(theirs),
  },
  {
    name: 'of the same body twice in alternatives the first is taken',
    alone: true,
    reason: 'RFC 8621 §4.1.4',
    count: 0,
    explains: ({ field, ours, theirs, message }) =>
      isBody(field) && has(message, 'BODY_PART_LEFT_OUT') && theirs.replaceAll('\0', '\uFFFD').startsWith(ours),
  },
  {
    name: 'bytes that a charset does not have are U+FFFD, as the Encoding Standard says',
    reason: 'what another table makes of them was not meant',
    count: 0,
    explains: ({ ours, message }) => has(message, 'CHARSET_INVALID_BYTES') && ours.includes('\uFFFD'),
  },
  {
    name: 'of several Message-IDs the first counts',
    reason: 'the upper one was added later, by who handed it on',
    count: 0,
    explains: ({ field, message }) => field === 'messageId' && (message.headers.get('message-id')?.length ?? 0) > 1,
  },
  {
    name: 'uuencoded files are attachments, not text',
    alone: true,
    reason: 'people attached them',
    count: 2,
    explains: ({ field, message }) =>
      (field === 'text' || field === 'attachments') && message.attachments.some((one) => one.within === 'uuencode'),
  },
  {
    name: 'HTML may name its charset itself',
    alone: true,
    reason: 'where the part names none, the HTML Standard looks into the document',
    count: 14,
    explains: ({ field, ours, theirs, message }) =>
      isBody(field) && /<meta[^>]+charset/i.test(message.html) && theirs.includes('\uFFFD') && !ours.includes('\uFFFD'),
  },
  {
    name: 'a boundary with text behind it is one',
    alone: true,
    reason: 'the part before it ends there',
    count: 1,
    explains: ({ field, ours, theirs, message }) =>
      isBody(field) && has(message, 'BOUNDARY_TEXT_SKIPPED') && theirs.startsWith(ours),
  },
  {
    name: 'all of a body is in the text, HTML parts as text',
    reason: 'RFC 8621 §4.1.4: `textBody` has HTML where there is no plain text beside it',
    count: 3,
    explains: ({ field, ours, theirs, message }) =>
      field === 'text' && message.html !== '' && ours.length > theirs.length && dense(ours).includes(dense(theirs)),
  },
];
