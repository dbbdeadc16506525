/** Every defect that a message can have, and what was done about it. Codes are never renamed or reused. */
export const defectCodes = {
  ADDRESS_ANGLE_UNTERMINATED: 'An address lacks its `>`; it ends at the next comma.',
  ADDRESS_COMMENT_UNTERMINATED: 'A comment in an address header is never closed; its parenthesis counts for nothing.',
  ADDRESS_QUOTE_UNTERMINATED: 'A quoted string in an address header is never closed; its quote counts for nothing.',
  BASE64_TEXT_SKIPPED: 'Text that was appended to base64, such as a mailing list’s footer, was left out.',
  BODY_PART_LEFT_OUT: 'A second text or HTML body of an alternative was left out.',
  BOUNDARY_END_MISSING: 'A multipart has no end; it ends where its parent or the message does.',
  BOUNDARY_GUESSED: 'The boundary that a multipart names is missing or wrong; its delimiter lines told the right one.',
  BOUNDARY_MISSING: 'A multipart names no boundary.',
  BOUNDARY_START_MISSING:
    'The header of a multipart goes over into that of its first part; the delimiter between them was added.',
  BOUNDARY_TEXT_SKIPPED: 'Text behind a boundary on its line was left out.',
  BYTE_ORDER_MARK_SKIPPED: 'The message begins with a byte order mark; it was left out.',
  CHARSET_INVALID_BYTES: 'Bytes that the declared charset does not have became U+FFFD.',
  CHARSET_UNKNOWN: 'Nobody knows the declared charset; the bytes were read as UTF-8 or windows-1252.',
  CHARSET_WRONG:
    'Text that is declared as ISO-8859-1 or windows-1252 is valid UTF-8, which it is by no accident; it was read so.',
  CONTENT_TYPE_INVALID: 'A Content-Type cannot be read; the part was read as plain text.',
  CR_LINES: 'Lines end in CR alone; it was read as LF.',
  DATE_UNREADABLE: 'The Date header cannot be read or lies outside the years 1 to 9999; there is no date.',
  DATE_ZONE_UNKNOWN: 'Nobody knows the zone of the Date header, or it has none; UTC was taken.',
  EMPTY: 'The message has no bytes.',
  ENCODED_WORD_CUT:
    'Encoded words of a header were cut within the groups of four of their base64; they were joined before they were decoded.',
  ENCODING_UNKNOWN: 'Nobody knows the Content-Transfer-Encoding of a part; its bytes stay as they are.',
  HEADER_8BIT: 'A header holds 8-bit bytes outside encoded words; they were read as UTF-8 or windows-1252.',
  HEADER_END_MISSING: 'A header goes over into text without a blank line; the body begins there.',
  HEADER_LINE_SKIPPED: 'A line among headers is none; it was left out.',
  HEADER_MISSING: 'The message has no header.',
  HEADER_NAME_TOO_LONG: 'A header has a name of more than 256 characters; it was left out.',
  HEADER_REPEATED: 'From or Date stands more than once; the first counts.',
  HEADER_VALUE_CUT: 'A header value of more than 65,536 characters, or an id or address of more than 998, was cut.',
  MBOX_LINE_SKIPPED: 'An mbox `From ` line stands among headers; it was left out.',
  MESSAGE_ENCODED: 'A nested message is in base64 or quoted-printable, which is not allowed; it was decoded.',
  MULTIPART_ENCODED: 'A multipart is in base64 or quoted-printable, which is not allowed; it was decoded.',
  MULTIPART_WITHOUT_PARTS: 'A multipart holds no part; it was read as text.',
  NAME_CUT: 'An attachment’s name, type or Content-ID of more than 1,024 characters was cut.',
  NUL_REPLACED: 'U+0000 became U+FFFD.',
  PARAMETER_SEPARATOR_MISSING: 'Parameters of a header begin without a semicolon; a blank was taken for it.',
  PARSED_BY_MAILPARSER:
    'Our own parser failed on the message: it was read by mailparser, without what is told from its fields and texts.',
  SMIME_INVALID: 'The content of a signed S/MIME file cannot be read; it stays an attachment.',
  SURROGATE_REPLACED: 'A lone surrogate became U+FFFD.',
  TEXT_CUT: 'A text or HTML body of more than 32 MiB was cut at the end of a line.',
  TNEF_INVALID: 'A winmail.dat breaks off or cannot be read; what was read before stands.',
  UNDECLARED_8BIT:
    'Text that is declared as ASCII or not at all holds 8-bit bytes; they were read as UTF-8 or windows-1252.',
  UNPACK_LIMIT: 'A message holds more packed files, or deeper ones, than are unpacked; the rest was left packed.',
  UUENCODE_INVALID: 'A uuencoded file in a text breaks off; it stays text.',
} as const;

export type DefectCode = keyof typeof defectCodes;
