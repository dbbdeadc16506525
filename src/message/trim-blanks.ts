const isBlank = (code: number): boolean => code === 0x20 || (code >= 0x09 && code <= 0x0d);

/** Latin1 text without its outer blanks; 0xA0 is none, it may be half a character (`String.trim` takes it). */
export function trimBlanks(text: string): string {
  if (!text.includes('\xa0')) return text.trim();
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}
