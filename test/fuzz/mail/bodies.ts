import { createHash } from 'node:crypto';
import type { Random } from '../random.ts';
import { type Alphabet, alphabets, ascii, encode, phrase, utf8, utf16, word } from './alphabets.ts';
import { toBase64, toQuotedPrintable } from './encodings.ts';
import { asciiParameter, fileParameter } from './parameters.ts';
import type { ExpectedAttachment, PartPlan } from './printer.ts';

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** A part with the text that comes of it, LF at the line ends. */
export interface TextPlan {
  readonly part: PartPlan;
  readonly text: string;
}

export interface AttachmentPlan {
  readonly part: PartPlan;
  readonly expected: ExpectedAttachment;
}

const encodingHeader = (random: Random, name: string): string =>
  `Content-Transfer-Encoding: ${random.once(6) ? name.toUpperCase() : name}${random.once(12) ? ' (as it is)' : ''}`;

/** Lines of words; some with blanks at their ends, signature marks and what looks like other things. */
export function lines(random: Random, alphabet: Alphabet): string {
  const line = (): string => {
    switch (random.int(9)) {
      case 1:
        return '';
      case 2:
        return `${phrase(random, alphabet)}  `;
      case 3:
        return random.pick([
          '-- ',
          '--',
          '> quoted',
          '>From here',
          '.',
          '=',
          '=41',
          'a=3D',
          '--=_x',
          ' ',
          '\t',
          '=?utf-8?Q?a?=',
        ]);
      case 4:
        return `${word(random, ascii)}: ${phrase(random, alphabet)}`;
      default:
        return phrase(random, alphabet, 8);
    }
  };
  const all = random.list(1, 6, line);
  return `${phrase(random, alphabet)}\n${all.join('\n')}${random.once(3) ? '' : '\n'}`;
}

const escaped = (text: string): string => text.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);

/** HTML and the plain text of it. */
function markup(random: Random, alphabet: Alphabet): { readonly html: string; readonly plain: string } {
  const paragraphs = random.list(1, 3, () => phrase(random, alphabet, 6));
  const attribute = () => random.pick(['', ' class="a"', " style='b > c'", ' id=x']);
  const body = paragraphs.map((one) => `<p${attribute()}>${escaped(one)}</p>`).join(random.pick(['\n', '', '\n\n  ']));
  const head = random.once(2) ? '<head><title>unseen</title><style>p { color: red }</style></head>\n' : '';
  const comment = random.once(4) ? '<!-- <p>unseen</p> -->' : '';
  return { html: `<html>${head}<body>\n${comment}${body}\n</body></html>`, plain: paragraphs.join('\n\n') };
}

/** Prints text in its charset and some transfer encoding. */
function textPart(random: Random, type: string, text: string, { charset }: Alphabet, more = ''): PartPlan {
  const wide = charset.startsWith('utf-16');
  const bytes = encode(text.replaceAll('\n', '\r\n'), charset);
  const parameter = charset === 'us-ascii' && random.once(2) ? '' : asciiParameter(random, 'charset', charset);
  const shown = random.once(6) ? type.toUpperCase() : type;
  const headers =
    type === 'text/plain' && parameter === '' && more === '' && random.once(2)
      ? []
      : [`Content-Type: ${shown}${parameter}${more}`];
  const encodings = wide ? (['base64', 'quoted-printable'] as const) : (['', 'base64', 'quoted-printable'] as const);
  const encoding = random.pick(encodings);
  if (encoding === 'base64')
    return { headers: [...headers, encodingHeader(random, encoding)], content: toBase64(random, bytes) };
  if (encoding === 'quoted-printable')
    return {
      headers: [...headers, encodingHeader(random, encoding)],
      content: toQuotedPrintable(random, bytes, !wide),
    };
  const name = charset === 'us-ascii' ? '7bit' : '8bit';
  return { headers: random.once(2) ? headers : [...headers, encodingHeader(random, name)], content: bytes };
}

const anyAlphabet = (random: Random): Alphabet => random.pick(random.once(12) ? utf16 : alphabets);

export function plainText(random: Random): TextPlan {
  const alphabet = anyAlphabet(random);
  const text = lines(random, alphabet);
  return { part: textPart(random, 'text/plain', text, alphabet), text };
}

export function htmlText(random: Random): TextPlan & { readonly plain: string } {
  const alphabet = anyAlphabet(random);
  const { html, plain } = markup(random, alphabet);
  return { part: textPart(random, 'text/html', html, alphabet), text: html, plain };
}

const binaryTypes = ['application/pdf', 'image/png', 'application/octet-stream', 'application/x-unknown', 'audio/mpeg'];

/** An attachment with a name, of bytes or of text. */
export function attachment(random: Random, inline: boolean): AttachmentPlan {
  const named = random.once(2) ? 'name' : 'filename';
  const file = fileParameter(random, named);
  const textual = !inline && random.once(4);
  const type = textual
    ? random.pick(['text/csv', 'text/plain', 'text/html', 'text/calendar'])
    : random.pick(binaryTypes);
  const cid = inline || random.once(6) ? `${word(random, ascii)}@example.org` : '';
  const disposition = inline ? 'inline' : 'attachment';
  const headers = [
    `Content-Type: ${type}${named === 'name' ? file.text : ''}`,
    `Content-Disposition: ${random.once(8) ? disposition.toUpperCase() : disposition}${named === 'filename' ? file.text : ''}`,
    ...(cid === '' ? [] : [`Content-ID: <${cid}>`]),
  ];
  const printed = content(random, textual);
  const expected = {
    filename: file.value,
    contentType: type,
    size: printed.decoded.length,
    sha256: sha256(printed.decoded),
    contentId: cid,
    inline,
  };
  return { part: { headers: [...headers, ...printed.headers], content: printed.content }, expected };
}

/** Content of an attachment, encoded and as it must be decoded. */
function content(random: Random, textual: boolean) {
  if (textual && random.once(2)) {
    const text = lines(random, random.pick([ascii, utf8])).replaceAll('\n', '\r\n');
    const bytes = Buffer.from(text);
    return { headers: ['Content-Transfer-Encoding: 8bit'], content: bytes, decoded: bytes };
  }
  const decoded = random.bytes(random.pick([1, 0, 2, 3, 57, 100, 300]));
  if (random.once(4))
    return {
      headers: [encodingHeader(random, 'quoted-printable')],
      content: toQuotedPrintable(random, decoded, false),
      decoded,
    };
  return { headers: [encodingHeader(random, 'base64')], content: toBase64(random, decoded), decoded };
}

/** A message within the message. */
export function nestedMessage(random: Random, raw: Buffer, subject: string): AttachmentPlan {
  const named = random.once(3);
  const file = named ? fileParameter(random, 'filename') : null;
  const headers = [
    'Content-Type: message/rfc822',
    ...(file === null ? [] : [`Content-Disposition: attachment${file.text}`]),
  ];
  const expected = {
    filename: file === null ? subject : file.value,
    contentType: 'message/rfc822',
    size: raw.length,
    sha256: sha256(raw),
  };
  return { part: { headers, content: raw }, expected };
}
