import { stalled } from '../telemetry/errors.ts';
import type { DefectCode } from './defect-codes.ts';
import { type Defects, maxNameLength } from './sanitize.ts';

/** One field as it stands: lower-case name, value of latin1 bytes without its line breaks and outer blanks. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

export interface HeaderBlock {
  readonly fields: readonly HeaderField[];
  /** Where the body starts: behind the blank line, or where what is no header begins. */
  readonly bodyStart: number;
}

/** Says whether the line from `start` to `end` of the message ends a part. */
export type IsDelimiter = (start: number, end: number) => boolean;

const COLON = 0x3a;
const SPACE = 0x20;
const TAB = 0x09;
const CR = 0x0d;
const DASH = 0x2d;
const firstChunk = 4_096;

const headerTooLarge = (limit: number) =>
  stalled('MESSAGE_HEADER_TOO_LARGE', `the header of the message is larger than ${limit} bytes; such mail is not read`);

/** Length of the name of the field in `line`, or -1 when the line is no field (RFC 5322 §2.2, blanks before the colon allowed). */
function nameLength(text: string, start: number, end: number): number {
  let i = start;
  for (; i < end; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) break;
    if (code <= SPACE || code >= 0x7f) break;
  }
  if (i === start) return -1;
  const length = i - start;
  while (i < end && (text.charCodeAt(i) === SPACE || text.charCodeAt(i) === TAB)) i++;
  return i < end && text.charCodeAt(i) === COLON ? length : -1;
}

/**
 * Reads the header block that starts at `start`. Lines that are no fields are skipped (`HEADER_LINE_SKIPPED`) as long as
 * fields follow; else the body starts there (`HEADER_END_MISSING`).
 *
 * @param limit bytes; a longer block is `MESSAGE_HEADER_TOO_LARGE`.
 */
export function readHeaders(
  raw: Buffer,
  start: number,
  end: number,
  limit: number,
  defects: Defects,
  isDelimiter?: IsDelimiter,
): HeaderBlock {
  for (let size = firstChunk; ; size *= 8) {
    const stop = Math.min(end, start + size);
    const block = readChunk(raw.toString('latin1', start, stop), start, stop === end, defects, isDelimiter);
    if (block === null ? size > limit : block.bodyStart - start > limit) throw headerTooLarge(limit);
    if (block !== null) return block;
  }
}

/** The block in `text`, or null when it does not end within an incomplete `text`. */
function readChunk(
  text: string,
  offset: number,
  complete: boolean,
  defects: Defects,
  isDelimiter: IsDelimiter | undefined,
): HeaderBlock | null {
  const fields: HeaderField[] = [];
  const problems: DefectCode[] = [];
  let name = '';
  let value: string | null = null;
  const finish = () => {
    if (value !== null) fields.push({ name, value: value.trim() });
    value = null;
  };
  const ends = (bodyStart: number): HeaderBlock => {
    finish();
    for (const code of problems) defects.add(code, 'header');
    return { fields, bodyStart: offset + bodyStart };
  };
  let position = 0;
  while (position < text.length) {
    let lf = text.indexOf('\n', position);
    if (lf === -1) {
      if (!complete) return null;
      lf = text.length;
    }
    const lineEnd = lf > position && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
    if (lineEnd === position) return ends(Math.min(lf + 1, text.length));
    const code = text.charCodeAt(position);
    if ((code === SPACE || code === TAB) && value !== null) {
      // A folding tab is a blank.
      value += code === TAB ? ` ${text.slice(position + 1, lineEnd)}` : text.slice(position, lineEnd);
    } else {
      if (code === DASH && isDelimiter?.(offset + position, offset + lineEnd) === true) return ends(position);
      const length = nameLength(text, position, lineEnd);
      if (length > maxNameLength) problems.push('HEADER_NAME_TOO_LONG');
      if (length !== -1 && length <= maxNameLength) {
        finish();
        name = text.slice(position, position + length).toLowerCase();
        value = text.slice(text.indexOf(':', position + length) + 1, lineEnd);
      } else if (length === -1) {
        finish();
        const mbox = offset === 0 && position === 0 && text.startsWith('From ');
        if (mbox || text.startsWith('>From ', position)) problems.push('MBOX_LINE_SKIPPED');
        else {
          const follows = nextLine(text, lf + 1, complete, offset, isDelimiter);
          if (follows === 'unknown') return null;
          if (follows === 'body' || (follows === 'blank' && fields.length === 0)) {
            problems.push('HEADER_END_MISSING');
            return ends(position);
          }
          problems.push('HEADER_LINE_SKIPPED');
        }
      } else finish();
    }
    position = lf + 1;
  }
  return complete ? ends(text.length) : null;
}

/** What stands behind a line that is no field: the end of the header, more of it, or the body. */
function nextLine(
  text: string,
  start: number,
  complete: boolean,
  offset: number,
  isDelimiter: IsDelimiter | undefined,
): 'blank' | 'header' | 'body' | 'unknown' {
  let lf = text.indexOf('\n', start);
  if (lf === -1) {
    if (!complete) return 'unknown';
    lf = text.length;
  }
  const lineEnd = lf > start && text.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
  if (lineEnd <= start) return start >= text.length ? 'body' : 'blank';
  if (isDelimiter?.(offset + start, offset + lineEnd) === true) return 'body';
  return nameLength(text, start, lineEnd) === -1 ? 'body' : 'header';
}

/** The first field of that name, or the empty string. */
export function firstField(fields: readonly HeaderField[], name: string): string {
  for (const field of fields) if (field.name === name) return field.value;
  return '';
}
