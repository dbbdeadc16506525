import type { Random } from '../random.ts';
import { type Alphabet, encode } from './alphabets.ts';

/** Bytes in the Q encoding that may stand everywhere, in phrases too (RFC 2047 §5 (3)). */
const plainQ = /^[A-Za-z0-9!*+/-]$/;

const hex = (byte: number, lower: boolean): string => {
  const digits = byte.toString(16).padStart(2, '0');
  return `=${lower ? digits : digits.toUpperCase()}`;
};

function encodeQ(bytes: Buffer, lower: boolean): string {
  let text = '';
  for (const byte of bytes) {
    const char = String.fromCharCode(byte);
    if (byte === 0x20) text += '_';
    else text += plainQ.test(char) ? char : hex(byte, lower);
  }
  return text;
}

/** Text cut into pieces of at most `length` characters, never through a character. */
function pieces(text: string, length: number): string[] {
  const characters = [...text];
  const result: string[] = [];
  for (let i = 0; i < characters.length; i += length) result.push(characters.slice(i, i + length).join(''));
  return result;
}

/**
 * Text as encoded words (RFC 2047), several when it is long, with the blanks between them that vanish. Rarely the words cut
 * characters in two, as some senders do.
 */
export function encodedWords(random: Random, text: string, { charset }: Alphabet): string {
  const base64 = random.once(2);
  const lower = random.once(4);
  const name = random.once(8) ? charset.toUpperCase() : charset;
  const language = random.once(16) ? '*en' : '';
  const cutting = random.once(8);
  const length = random.between(4, 15);
  const encoded = encode(text, charset);
  const parts: Buffer[] = [];
  if (cutting) for (let i = 0; i < encoded.length; i += length) parts.push(encoded.subarray(i, i + length));
  else for (const piece of pieces(text, length)) parts.push(encode(piece, charset));
  return parts
    .map((bytes) => {
      const body = base64 ? bytes.toString('base64') : encodeQ(bytes, lower);
      const encoding = base64 ? (lower ? 'b' : 'B') : lower ? 'q' : 'Q';
      return `=?${name}${language}?${encoding}?${body}?=`;
    })
    .join(random.once(4) ? '\r\n ' : ' ');
}

/** A header value with some of its single blanks folded (RFC 5322 §2.2.3). */
export const folded = (random: Random, value: string): string =>
  random.once(3)
    ? value.replace(/(?<=\S) (?=\S)/g, () => (random.once(3) ? random.pick(['\r\n ', '\r\n\t']) : ' '))
    : value;
