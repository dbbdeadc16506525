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
const inAddress = (code: number): boolean => kinds[code] === 1;
const inPhrase = (code: number): boolean => (kinds[code] ?? 0) !== 0;

const mailbox = (name: string, address: string, at: number): Address => ({
  name,
  address,
  domain: address.slice(at + 1).toLowerCase(),
});

/** Position of what is no blank. */
function behindBlanks(text: string, start: number): number {
  let i = start;
  while (text.charCodeAt(i) === SPACE) i++;
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
    if (text.charCodeAt(i) === QUOTE) {
      i++;
      while (inPhrase(text.charCodeAt(i)) || isSeparatorInQuotes(text.charCodeAt(i))) i++;
      if (text.charCodeAt(i) !== QUOTE) return null;
      name = text.slice(start + 1, i).trim();
      i = behindBlanks(text, i + 1);
      if (text.charCodeAt(i) !== LESS) return null;
    } else {
      while (inAddress(text.charCodeAt(i))) i++;
      if (i > start && text.charCodeAt(i) === AT) {
        const end = addressEnd(text, i);
        const next = behindBlanks(text, end);
        const code = text.charCodeAt(next);
        if (end === -1 || end - start > maxIdLength || (next < text.length && code !== COMMA)) return null;
        result.push(mailbox('', text.slice(start, end), i - start));
        if (next === text.length) return result;
        position = behindBlanks(text, next + 1);
        continue;
      }
      i = start;
      let code = text.charCodeAt(i);
      // One blank between words: more would be made one.
      while (inPhrase(code) || (code === SPACE && text.charCodeAt(i + 1) !== SPACE)) code = text.charCodeAt(++i);
      if (code !== LESS || (i > start && text.charCodeAt(i - 1) !== SPACE)) return null;
      name = i > start ? text.slice(start, i - 1) : '';
    }
    if (name.includes('=?')) return null;
    const first = i + 1;
    let at = first;
    while (inAddress(text.charCodeAt(at))) at++;
    if (at === first || text.charCodeAt(at) !== AT) return null;
    const end = addressEnd(text, at);
    if (end === -1 || end - first > maxIdLength || text.charCodeAt(end) !== GREATER) return null;
    result.push(mailbox(name, text.slice(first, end), at - first));
    const next = behindBlanks(text, end + 1);
    if (next === text.length) return result;
    if (text.charCodeAt(next) !== COMMA) return null;
    position = behindBlanks(text, next + 1);
  }
}

/** Characters that mean nothing within quotes, beside those of a phrase and the backslash. */
const isSeparatorInQuotes = (code: number): boolean =>
  code === SPACE ||
  code === COMMA ||
  code === AT ||
  code === LESS ||
  code === 0x28 ||
  code === 0x29 ||
  code === 0x3a ||
  code === 0x3b;

/** Where the domain behind the `@` ends; -1 when there is none. */
function addressEnd(text: string, at: number): number {
  let end = at + 1;
  while (inAddress(text.charCodeAt(end))) end++;
  return end === at + 1 ? -1 : end;
}
