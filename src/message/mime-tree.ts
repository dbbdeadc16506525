import { stalled } from '../telemetry/errors.ts';
import { firstField, type HeaderField, readHeaders } from './headers.ts';
import type { ParseLimits } from './message.ts';
import { type Parameterised, parseParameters } from './parameters.ts';
import type { Defects } from './sanitize.ts';

/** A part that holds no other parts; its content is `start` to `end` of the message, still encoded. */
export interface Leaf {
  readonly kind: 'leaf';
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly fields: readonly HeaderField[];
  /** Where its header begins. */
  readonly header: number;
  readonly start: number;
  readonly end: number;
}

export interface Multipart {
  readonly kind: 'multipart';
  /** What stands behind `multipart/`. */
  readonly subtype: string;
  readonly fields: readonly HeaderField[];
  readonly header: number;
  /** From its preamble to behind the line that ends it; the epilogue is left out. */
  readonly start: number;
  readonly end: number;
  readonly parts: readonly Part[];
}

export type Part = Leaf | Multipart;

/** A multipart whose end has not been seen. */
interface Open {
  readonly boundary: string;
  readonly subtype: string;
  readonly fields: readonly HeaderField[];
  readonly header: number;
  readonly start: number;
  readonly parts: Part[];
  /** The level that the same boundary had before. */
  readonly shadowed: number | undefined;
}

interface Delimiter {
  readonly level: number;
  /** The one that ends its multipart. */
  readonly close: boolean;
  readonly start: number;
  /** Where the line behind it begins. */
  readonly next: number;
}

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09;
const textPlain: Parameterised = { value: 'text/plain', parameters: new Map() };
const digestPart: Parameterised = { value: 'message/rfc822', parameters: new Map() };

/** Content-Type of a part; the default where there is none or none that can be read (RFC 2045 §5.2, RFC 2046 §5.1.5). */
export function contentType(fields: readonly HeaderField[], inDigest: boolean, defects: Defects): Parameterised {
  const value = firstField(fields, 'content-type');
  const fallback = inDigest ? digestPart : textPlain;
  if (value === '') return fallback;
  const parsed = parseParameters(value, 'content-type', defects);
  const slash = parsed.value.indexOf('/');
  if (slash > 0 && slash < parsed.value.length - 1 && !/[\s"<>@,]/.test(parsed.value)) return parsed;
  if (parsed.value !== 'text') defects.add('CONTENT_TYPE_INVALID', 'part');
  return { value: fallback.value, parameters: parsed.parameters };
}

/** Builds the tree in one pass over the lines that begin with `--`, whatever the depth. */
class TreeReader {
  readonly #raw: Buffer;
  readonly #limits: ParseLimits;
  readonly #defects: Defects;
  readonly #open: Open[] = [];
  /** Boundary to the innermost level that has it. */
  readonly #levels = new Map<string, number>();
  #longest = 0;
  #count = 0;
  /** The delimiter that `isDelimiter` found last. */
  #found: Delimiter | null = null;

  constructor(raw: Buffer, limits: ParseLimits, defects: Defects) {
    this.#raw = raw;
    this.#limits = limits;
    this.#defects = defects;
  }

  read(fields: readonly HeaderField[], bodyStart: number, header: number): Part {
    const raw = this.#raw;
    let content = this.#enter(fields, header, bodyStart, false);
    let position = bodyStart;
    let root: Part | null = null;
    const add = (part: Part) => {
      const parent = this.#open[this.#open.length - 1];
      if (parent === undefined) root = part;
      else parent.parts.push(part);
    };
    while (this.#open.length > 0) {
      const delimiter = this.#nextDelimiter(position);
      const end = delimiter === null ? raw.length : this.#before(delimiter.start, position);
      if (content !== null) add({ ...content, end: Math.max(content.start, end) });
      content = null;
      const level = delimiter === null ? 0 : delimiter.level + (delimiter.close ? 0 : 1);
      while (this.#open.length > level) {
        const ends = delimiter?.close === true && this.#open.length === level + 1;
        if (!ends) this.#defects.add('BOUNDARY_END_MISSING', 'multipart');
        add(this.#pop(end, ends ? delimiter.next : end));
      }
      if (delimiter === null) break;
      position = delimiter.next;
      // A delimiter with nothing behind it begins no part.
      if (delimiter.close || position >= raw.length) continue;
      const block = readHeaders(
        raw,
        position,
        raw.length,
        this.#limits.headerBytes,
        this.#defects,
        (start, stop) => this.#delimiterAt(start, stop) !== null,
      );
      const parent = this.#open[this.#open.length - 1];
      content = this.#enter(block.fields, position, block.bodyStart, parent?.subtype === 'digest');
      position = block.bodyStart;
    }
    return root ?? { ...(content ?? this.#leaf(textPlain, fields, header, bodyStart)), end: raw.length };
  }

  #leaf(type: Parameterised, fields: readonly HeaderField[], header: number, start: number): Omit<Leaf, 'end'> {
    return { kind: 'leaf', type: type.value, parameters: type.parameters, fields, header, start };
  }

  /** Begins a part: a leaf is returned, a multipart opened. */
  #enter(fields: readonly HeaderField[], header: number, start: number, inDigest: boolean): Omit<Leaf, 'end'> | null {
    this.#count++;
    if (this.#count > this.#limits.parts)
      throw stalled(
        'MESSAGE_TOO_MANY_PARTS',
        `the message has more than ${this.#limits.parts} parts; such mail is not read`,
      );
    const type = contentType(fields, inDigest, this.#defects);
    if (!type.value.startsWith('multipart/')) return this.#leaf(type, fields, header, start);
    const boundary = type.parameters.get('boundary') ?? '';
    if (boundary === '') {
      this.#defects.add('BOUNDARY_MISSING', 'multipart');
      return this.#leaf(textPlain, [], header, start);
    }
    if (this.#open.length >= this.#limits.depth)
      throw stalled(
        'MESSAGE_TOO_DEEP',
        `parts of the message are nested deeper than ${this.#limits.depth}; such mail is not read`,
      );
    const shadowed = this.#levels.get(boundary);
    this.#levels.set(boundary, this.#open.length);
    this.#longest = Math.max(this.#longest, boundary.length);
    this.#open.push({ boundary, subtype: type.value.slice(10), fields, header, start, parts: [], shadowed });
    return null;
  }

  /** Ends the innermost multipart; one without a single part is text, so that its content is not lost. */
  #pop(end: number, multipartEnd: number): Part {
    const open = this.#open.pop();
    if (open === undefined) throw new RangeError('no multipart is open');
    if (open.shadowed === undefined) this.#levels.delete(open.boundary);
    else this.#levels.set(open.boundary, open.shadowed);
    const { subtype, fields, header, start, parts } = open;
    if (parts.length > 0)
      return { kind: 'multipart', subtype, fields, header, start, end: Math.max(start, multipartEnd), parts };
    this.#defects.add('MULTIPART_WITHOUT_PARTS', 'multipart');
    return { ...this.#leaf(textPlain, [], header, start), end: Math.max(start, end) };
  }

  /** End of the content before a delimiter line: the newline in between belongs to the delimiter (RFC 2046 §5.1.1). */
  #before(line: number, least: number): number {
    let end = line;
    if (end > least && this.#raw[end - 1] === LF) end--;
    if (end > least && end < line && this.#raw[end - 1] === CR) end--;
    return end;
  }

  #nextDelimiter(start: number): Delimiter | null {
    const raw = this.#raw;
    let line = start;
    if (raw[line] !== DASH || raw[line + 1] !== DASH) line = raw.indexOf('\n--', start) + 1;
    while (line > 0 && line < raw.length) {
      let lf = raw.indexOf(LF, line);
      if (lf === -1) lf = raw.length;
      const end = lf > line && raw[lf - 1] === CR ? lf - 1 : lf;
      if (this.#delimiterAt(line, end) !== null) return this.#found;
      line = raw.indexOf('\n--', end) + 1;
    }
    return null;
  }

  /** Remembers the delimiter that the line is, if it is one: the boundary and nothing but blanks behind it. */
  #delimiterAt(start: number, end: number): Delimiter | null {
    const raw = this.#raw;
    this.#found = null;
    if (raw[start] !== DASH || raw[start + 1] !== DASH) return null;
    let stop = end;
    const found = (level: number, close: boolean) => {
      this.#found = { level, close, start, next: Math.min(raw[end] === CR ? end + 2 : end + 1, raw.length) };
      return this.#found;
    };
    if (isBlank(raw[stop - 1])) {
      // A boundary may itself end in a blank, although it must not.
      const level =
        stop - start - 2 <= this.#longest ? this.#levels.get(raw.toString('latin1', start + 2, stop)) : undefined;
      if (level !== undefined) return found(level, false);
      while (stop > start + 2 && isBlank(raw[stop - 1])) stop--;
    }
    if (stop - start - 2 > this.#longest + 2) return null;
    const text = raw.toString('latin1', start + 2, stop);
    const level = this.#levels.get(text);
    if (level !== undefined) return found(level, false);
    if (!text.endsWith('--')) return null;
    const closed = this.#levels.get(text.slice(0, -2));
    return closed === undefined ? null : found(closed, true);
  }
}

/**
 * The MIME tree of a message whose header is read (RFC 2046). A missing end, a part without a header and a multipart
 * without parts or boundary are repaired, each with its defect; nested messages stay leaves. Linear in the size of `raw`.
 *
 * @throws MailmillError `MESSAGE_TOO_MANY_PARTS`, `MESSAGE_TOO_DEEP`, `MESSAGE_HEADER_TOO_LARGE`
 */
export const readTree = (
  raw: Buffer,
  fields: readonly HeaderField[],
  bodyStart: number,
  limits: ParseLimits,
  defects: Defects,
  header = 0,
): Part => new TreeReader(raw, limits, defects).read(fields, bodyStart, header);
