/** Every defect that a message can have, and what was done about it. Codes are never renamed or reused. */
export const defectCodes = {
  ADDRESS_ANGLE_UNTERMINATED: 'An address lacks its `>`; it ends at the next comma.',
  ADDRESS_COMMENT_UNTERMINATED: 'A comment in an address header is never closed; its parenthesis counts for nothing.',
  ADDRESS_QUOTE_UNTERMINATED: 'A quoted string in an address header is never closed; its quote counts for nothing.',
  BASE64_TEXT_SKIPPED: 'Text that was appended to base64, such as a mailing list’s footer, was left out.',
  BODY_PART_LEFT_OUT: 'A second text or HTML body was left out.',
  BOUNDARY_END_MISSING: 'A multipart has no end; it ends where its parent or the message does.',
  BOUNDARY_MISSING: 'A multipart names no boundary; it was read as text.',
  CHARSET_INVALID_BYTES: 'Bytes that the declared charset does not have became U+FFFD.',
  CHARSET_UNKNOWN: 'Nobody knows the declared charset; the bytes were read as UTF-8 or windows-1252.',
  CONTENT_TYPE_INVALID: 'A Content-Type cannot be read; the part was read as plain text.',
  CR_LINES: 'Lines end in CR alone; it was read as LF.',
  DATE_UNREADABLE: 'The Date header cannot be read or lies outside the years 1 to 9999; there is no date.',
  DATE_ZONE_UNKNOWN: 'Nobody knows the zone of the Date header, or it has none; UTC was taken.',
  EMPTY: 'The message has no bytes.',
  HEADER_8BIT: 'A header holds 8-bit bytes outside encoded words; they were read as UTF-8 or windows-1252.',
  HEADER_END_MISSING: 'A header goes over into text without a blank line; the body begins there.',
  HEADER_LINE_SKIPPED: 'A line among headers is none; it was left out.',
  HEADER_MISSING: 'The message has no header.',
  HEADER_NAME_TOO_LONG: 'A header has a name of more than 256 characters; it was left out.',
  HEADER_REPEATED: 'From or Date stands more than once; the first counts.',
  HEADER_VALUE_CUT: 'A header value of more than 65,536 characters, or an id or address of more than 998, was cut.',
  MBOX_LINE_SKIPPED: 'An mbox `From ` line stands among headers; it was left out.',
  MULTIPART_WITHOUT_PARTS: 'A multipart holds no part; it was read as text.',
  NAME_CUT: 'An attachment’s name, type or Content-ID of more than 1,024 characters was cut.',
  NUL_REPLACED: 'U+0000 became U+FFFD.',
  PARAMETER_SEPARATOR_MISSING: 'Parameters of a header begin without a semicolon; a blank was taken for it.',
  SURROGATE_REPLACED: 'A lone surrogate became U+FFFD.',
  UNDECLARED_8BIT:
    'Text that is declared as ASCII or not at all holds 8-bit bytes; they were read as UTF-8 or windows-1252.',
} as const;

export type DefectCode = keyof typeof defectCodes;
