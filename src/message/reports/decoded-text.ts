import { Defects } from '../defects.ts';
import { decodeRawHeader, decodeWords } from '../encoded-words.ts';

/** Decoded text of a header value. */
export function decodedText(value: string): string {
  const defects = new Defects();
  return decodeWords(decodeRawHeader(value, 'report', defects), 'report', defects);
}
