/** A word of a mailbox: an atom, a quoted string, or an encoded word, which is read as one. */
export interface Word {
  text: string;
  readonly quoted: boolean;
  /** A blank stood before it. */
  readonly spaced: boolean;
}

/** The text of a quoted string or comment. */
export const unescaped = (text: string): string => (text.includes('\\') ? text.replace(/\\([\s\S])/g, '$1') : text);

/** Blanks outside quotes removed (RFC 5322 §4.4 allows them around dots and `@`). */
export function withoutBlanks(text: string): string {
  if (!text.includes('"')) return text.replace(/\s+/g, '');
  return text
    .split('"')
    .map((part, i) => (i % 2 === 0 ? part.replace(/\s+/g, '') : part))
    .join('"');
}

/** `@one,@two:user@example.com` without its route, `mailto:` too. */
export function withoutRoute(text: string): string {
  if (/^mailto:/i.test(text)) return text.slice(7);
  // An empty group in brackets: <undisclosed-recipients:;>, <undisclosed-recipients:;@host> and <undisclosed-recipients:@host;> where it was handed on.
  if (/^[^<>@:;"]*:(?:;|;@[^@:;]+|@[^@:;]+;)$/.test(text)) return '';
  if (!text.startsWith('@')) return text;
  const colon = text.indexOf(':');
  return colon === -1 ? text : text.slice(colon + 1);
}

/** The address in words without angle brackets, and the words that are not of it. */
export function bareAddress(words: readonly Word[]): { readonly address: string; readonly rest: readonly Word[] } {
  const at = words.findIndex((word) => !word.quoted && word.text.includes('@'));
  const found = words[at];
  if (found === undefined) return { address: '', rest: words };
  let first = at;
  let last = at;
  // Obsolete forms have blanks around `@` and dots: what touches one belongs to the address.
  while (first > 0 && joins(words[first - 1], words[first])) first--;
  while (last + 1 < words.length && joins(words[last], words[last + 1])) last++;
  let address = '';
  for (const word of words.slice(first, last + 1))
    address += word.quoted ? `"${word.text.replace(/["\\]/g, '\\$&')}"` : word.text;
  // What closes an angle bracket that nobody opened.
  while (address.endsWith('>')) address = address.slice(0, -1);
  return { address, rest: [...words.slice(0, first), ...words.slice(last + 1)] };
}

function joins(left: Word | undefined, right: Word | undefined): boolean {
  if (left === undefined || right === undefined) return false;
  if (!right.spaced) return true;
  if (!right.quoted && (right.text.startsWith('@') || right.text.startsWith('.'))) return true;
  return !left.quoted && (left.text.endsWith('@') || left.text.endsWith('.'));
}

/** A mailbox that is all in quotes or in an encoded word, which is no name; null when `phrase` is one. */
export function packedMailbox(phrase: string): { readonly name: string; readonly address: string } | null {
  if (!phrase.includes('@')) return null;
  const [, name = '', angle, bare = ''] =
    /^(?:([^<>@]*?) ?<([^\s<>@"]+@[^\s<>@"]+)>|([^\s<>@"]+@[^\s<>@"]+))$/.exec(phrase) ?? [];
  const address = angle ?? bare;
  return address === '' ? null : { name: name.replace(/^"(.*)"$/, '$1'), address };
}
