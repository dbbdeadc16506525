import type { Random } from '../random.ts';
import { alphabets, ascii, encode, phrase, utf8, word } from './alphabets.ts';
import { encodedWords } from './words.ts';

/** A parameter of a header, printed with its semicolon, and its value. */
export interface Parameter {
  readonly text: string;
  readonly value: string;
}

const token = /^[A-Za-z0-9!#$&+^_`{|}~.-]+$/;

export const quotedValue = (value: string): string => `"${value.replace(/["\\]/g, '\\$&')}"`;

/** A value that may stand as it is, quoted where it must be. */
export const asciiParameter = (random: Random, name: string, value: string): string =>
  `; ${name}=${token.test(value) && !random.once(3) ? value : quotedValue(value)}`;

const percent = (bytes: Buffer): string =>
  Array.from(bytes, (byte) => {
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9.-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');

/** RFC 2231 §3 and §4.1: pieces, in whatever order; characters may be cut in two. */
function continued(random: Random, name: string, value: string, charset: string | null): string {
  const pieces: string[] = [];
  const size = random.between(3, 20);
  if (charset === null)
    for (let i = 0; i < value.length; i += size)
      pieces.push(`*${pieces.length}=${quotedValue(value.slice(i, i + size))}`);
  else {
    const bytes = encode(value, charset);
    for (let i = 0; i < bytes.length; i += size) {
      const head = i === 0 ? `${charset}'${random.pick(['', 'en'])}'` : '';
      pieces.push(`*${pieces.length}*=${head}${percent(bytes.subarray(i, i + size))}`);
    }
  }
  const ordered = random.once(4) ? pieces.toReversed() : pieces;
  return ordered.map((piece) => `;\r\n ${name}${piece}`).join('');
}

/** A file name in one of the ways in which senders write it. */
export function fileParameter(random: Random, name: 'name' | 'filename'): Parameter {
  const extension = random.pick(['.pdf', '.txt', '.tar.gz', '']);
  const simple = (separator = ' ') => `${word(random, ascii)}${separator}${word(random, ascii)}${extension}`;
  const alphabet = random.pick(alphabets.slice(1));
  switch (random.int(7)) {
    case 0: {
      const value = `${word(random, ascii)}${extension}`;
      return { value, text: asciiParameter(random, name, value) };
    }
    case 1: {
      const value = simple(random.pick([' ', '; ', ', ', '"', ' = ', ' (1) ', '/', "'"]));
      return { value, text: `; ${name}=${quotedValue(value)}` };
    }
    case 2: {
      const value = simple();
      return { value, text: continued(random, name, value, null) };
    }
    case 3: {
      const value = phrase(random, alphabet) + extension;
      return { value, text: `; ${name}*=${alphabet.charset}''${percent(encode(value, alphabet.charset))}` };
    }
    case 4: {
      const value = phrase(random, alphabet) + extension;
      return { value, text: continued(random, name, value, alphabet.charset) };
    }
    case 5: {
      const value = phrase(random, utf8) + extension;
      // Both forms: the encoded one counts (RFC 6266 §4.3).
      return { value, text: `; ${name}="fallback.bin"; ${name}*=UTF-8''${percent(encode(value, 'utf-8'))}` };
    }
    default: {
      const value = phrase(random, alphabet) + extension;
      return { value, text: `; ${name}="${encodedWords(random, value, alphabet).replaceAll('\r\n ', ' ')}"` };
    }
  }
}
