import type { Address } from './message.ts';
import { maxIdLength, maxValueLength } from './sanitize.ts';

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const AT = 0x40;
const LESS = 0x3c;
const GREATER = 0x3e;

/** Which ASCII characters may stand in a phrase (2) and in either half of an address too (1). */
const kinds = new Uint8Array(128);
for (let code = 0x21; code < 0x7f; code++) kinds[code] = 1;
for (const char of '"(),:;<@\\') kinds[char.charCodeAt(0)] = 0;
for (const char of '>[]') kinds[char.charCodeAt(0)] = 2;
const kindOf = (code: number): number => (code < 128 ? (kinds[code] ?? 0) : 0);

/** The code at a position; 0 behind the end. */
const codeAt = (text: string, position: number): number => (position < text.length ? text.charCodeAt(position) : 0);

/** Where what may stand in an address ends. */
function behindWord(text: string, start: number): number {
  let i = start;
  while (i < text.length && kindOf(text.charCodeAt(i)) === 1) i++;
  return i;
}

const mailbox = (name: string, address: string, at: number): Address => ({
  name,
  address,
  domain: address.slice(at + 1).toLowerCase(),
});

/** Position of what is no blank. */
function behindBlanks(text: string, start: number): number {
  let i = start;
  while (i < text.length && text.charCodeAt(i) === SPACE) i++;
  return i;
}

/**
 * The mailboxes of a list in the forms that nearly every sender writes: `a@example.com`, `<a@example.com>`,
 * `A Name <a@example.com>`, `"A Name" <a@example.com>`. Null when anything else stands in it, which must be read with care.
 */
export function plainMailboxes(text: string): readonly Address[] | null {
  if (text.length > maxValueLength) return null;
  const result: Address[] = [];
  let position = behindBlanks(text, 0);
  for (;;) {
    const start = position;
    let name = '';
    let i = start;
    if (codeAt(text, i) === QUOTE) {
      i++;
      while (isQuotable(codeAt(text, i))) i++;
      if (codeAt(text, i) !== QUOTE) return null;
      name = text.slice(start + 1, i).trim();
      i = behindBlanks(text, i + 1);
      if (codeAt(text, i) !== LESS) return null;
    } else {
      i = behindWord(text, i);
      if (i > start && codeAt(text, i) === AT) {
        const end = addressEnd(text, i);
        const next = behindBlanks(text, end);
        const code = codeAt(text, next);
        if (end === -1 || end - start > maxIdLength || (next < text.length && code !== COMMA)) return null;
        result.push(mailbox('', text.slice(start, end), i - start));
        if (next === text.length) return result;
        position = behindBlanks(text, next + 1);
        continue;
      }
      i = start;
      let code = codeAt(text, i);
      // One blank between words: more would be made one.
      while (kindOf(code) !== 0 || (code === SPACE && codeAt(text, i + 1) !== SPACE)) code = codeAt(text, ++i);
      if (code !== LESS || (i > start && codeAt(text, i - 1) !== SPACE)) return null;
      name = i > start ? text.slice(start, i - 1) : '';
    }
    if (name.includes('=?')) return null;
    const first = i + 1;
    const at = behindWord(text, first);
    if (at === first || codeAt(text, at) !== AT) return null;
    const end = addressEnd(text, at);
    if (end === -1 || end - first > maxIdLength || codeAt(text, end) !== GREATER) return null;
    result.push(mailbox(name, text.slice(first, end), at - first));
    const next = behindBlanks(text, end + 1);
    if (next === text.length) return result;
    if (codeAt(text, next) !== COMMA) return null;
    position = behindBlanks(text, next + 1);
  }
}

/** What may stand in a quoted string apart from the backslash and the quote. */
const isQuotable = (code: number): boolean => code >= SPACE && code < 0x7f && code !== QUOTE && code !== 0x5c;

/** Where the domain behind the `@` ends; -1 when there is none. */
function addressEnd(text: string, at: number): number {
  const end = behindWord(text, at + 1);
  return end === at + 1 ? -1 : end;
}
