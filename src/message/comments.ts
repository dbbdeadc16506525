/**
 * Behind the comment that begins at `start` (RFC 5322 §3.2.2), with those that are nested in it; -1 when it does not end.
 *
 * @param escapes whether a backslash takes its meaning from the character behind it.
 */
export function behindComment(text: string, start: number, escapes = true): number {
  let depth = 0;
  for (let i = start; i < text.length; i++) {
    const char = text[i];
    if (char === '\\' && escapes) i++;
    else if (char === '(') depth++;
    else if (char === ')' && --depth === 0) return i + 1;
  }
  return -1;
}

/** A structured value with a blank for each comment; what one holds that does not end is left out. Linear. */
export function withoutComments(text: string): string {
  if (!text.includes('(')) return text;
  let result = '';
  for (let i = 0; i < text.length; ) {
    const next = text[i] === '(' ? behindComment(text, i) : i + (text[i] === '\\' ? 2 : 1);
    result += text[i] === '(' ? ' ' : text.slice(i, next);
    i = next === -1 ? text.length : next;
  }
  return result;
}
