import { asciiCodes } from './ascii-codes.ts';
import type { Address } from './message.ts';
import { maxIdLength, maxValueLength } from './sanitize.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const AT = 0x40;
const LESS = 0x3c;
const GREATER = 0x3e;

/** Which ASCII characters may stand in a phrase (2) and in either half of an address too (1). */
const kinds = new Uint8Array(256);
for (let code = 0x21; code < 0x7f; code++) kinds[code] = 1;
for (const char of '"(),:;<@\\') kinds[char.charCodeAt(0)] = 0;
for (const char of '>[]') kinds[char.charCodeAt(0)] = 2;

/** Where what may stand in an address ends. */
function behindWord(codes: Uint8Array, start: number): number {
  let i = start;
  while (kinds[codes[i] ?? 0] === 1) i++;
  return i;
}

const mailbox = (name: string, address: string, at: number): Address => ({
  name,
  address,
  domain: address.slice(at + 1).toLowerCase(),
});

/** Position of what is no blank. */
function behindBlanks(codes: Uint8Array, start: number): number {
  let i = start;
  while (codes[i] === SPACE) i++;
  return i;
}

/**
 * The mailboxes of a list in the forms that nearly every sender writes: `a@example.com`, `<a@example.com>`,
 * `A Name <a@example.com>`, `"A Name" <a@example.com>`. Null when anything else stands in it, which must be read with care.
 */
export function plainMailboxes(text: string): readonly Address[] | null {
  if (text.length > maxValueLength) return null;
  const result: Address[] = [];
  const codes = asciiCodes(text);
  let position = behindBlanks(codes, 0);
  for (;;) {
    const start = position;
    let name = '';
    let i = start;
    if (codes[i] === QUOTE) {
      i++;
      while (isQuotable(codes[i])) i++;
      if (codes[i] !== QUOTE) return null;
      name = text.slice(start + 1, i).trim();
      i = behindBlanks(codes, i + 1);
      if (codes[i] !== LESS) return null;
    } else {
      i = behindWord(codes, i);
      if (i > start && codes[i] === AT) {
        const end = addressEnd(codes, i);
        if (end === -1 || end - start > maxIdLength) return null;
        const next = behindBlanks(codes, end);
        if (next < text.length && codes[next] !== COMMA) return null;
        result.push(mailbox('', text.slice(start, end), i - start));
        if (next === text.length) return result;
        position = behindBlanks(codes, next + 1);
        continue;
      }
      i = start;
      let code = codes[i] ?? 0;
      // One blank between words: more would be made one.
      while (kinds[code] !== 0 || (code === SPACE && codes[i + 1] !== SPACE)) code = codes[++i] ?? 0;
      if (code !== LESS || (i > start && codes[i - 1] !== SPACE)) return null;
      name = i > start ? text.slice(start, i - 1) : '';
    }
    if (name.includes('=?')) return null;
    const first = i + 1;
    const at = behindWord(codes, first);
    if (at === first || codes[at] !== AT) return null;
    const end = addressEnd(codes, at);
    if (end === -1 || end - first > maxIdLength || codes[end] !== GREATER) return null;
    result.push(mailbox(name, text.slice(first, end), at - first));
    const next = behindBlanks(codes, end + 1);
    if (next === text.length) return result;
    if (codes[next] !== COMMA) return null;
    position = behindBlanks(codes, next + 1);
  }
}

/** What may stand in a quoted string apart from the backslash and the quote. */
const isQuotable = (code = 0): boolean => code >= SPACE && code < 0x7f && code !== QUOTE && code !== 0x5c;

/** Where the domain behind the `@` ends; -1 when there is none. */
function addressEnd(codes: Uint8Array, at: number): number {
  const end = behindWord(codes, at + 1);
  return end === at + 1 ? -1 : end;
}
