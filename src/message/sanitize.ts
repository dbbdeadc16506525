import type { DefectCode } from './defect-codes.ts';
import type { Defects } from './defects.ts';

/** Longest header value, subject and display name kept, in UTF-16 units; the rest is cut (`HEADER_VALUE_CUT`). */
export const maxValueLength = 65_536;
/** Longest id and address kept, in UTF-16 units: what a line of mail holds (RFC 5322 §2.1.1). */
export const maxIdLength = 998;
/** Longest header name kept; a longer one is no header (`HEADER_NAME_TOO_LONG`). */
export const maxNameLength = 256;
/** Longest attachment name, type and Content-ID kept (`NAME_CUT`). */
export const maxAttachmentNameLength = 1_024;

/** `text` without U+0000 and lone surrogates, which no database takes; each becomes U+FFFD. */
export function clean(text: string, where: string, defects: Defects): string {
  let result = text;
  if (result.includes('\0')) {
    result = result.replaceAll('\0', '\uFFFD');
    defects.add('NUL_REPLACED', where);
  }
  if (!result.isWellFormed()) {
    result = result.toWellFormed();
    defects.add('SURROGATE_REPLACED', where);
  }
  return result;
}

/** `text` cut to at most `length` UTF-16 units, never through a surrogate pair. */
export function cut(text: string, length: number, code: DefectCode, where: string, defects: Defects): string {
  if (text.length <= length) return text;
  defects.add(code, where);
  const last = text.charCodeAt(length - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? length - 1 : length);
}
