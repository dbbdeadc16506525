/** A structured value with a blank for each comment (RFC 5322 §3.2.2); nesting and escapes counted. Linear. */
export function withoutComments(text: string): string {
  if (!text.includes('(')) return text;
  let result = '';
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '\\') i++;
    else if (char === '(') depth++;
    else if (char === ')' && depth > 0) {
      depth--;
      result += ' ';
    } else if (depth === 0) result += char;
  }
  return result;
}
