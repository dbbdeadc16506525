import { stalled } from '../telemetry/errors.ts';
import { Boundaries, guessBoundary } from './boundaries.ts';
import { contentType, textPlain } from './content-type.ts';
import type { Defects } from './defects.ts';
import { firstField, type HeaderField, readHeaders } from './headers.ts';
import type { ParseLimits } from './message.ts';
import type { Parameterised } from './parameters.ts';

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
  /** No delimiter stands in it: its one part is all of its content, read as plain text. */
  readonly bare: boolean;
}

export type Part = Leaf | Multipart;

/** A multipart whose end has not been seen. */
interface Open {
  /** Empty when it names none: then nothing ends it but its parent. */
  readonly boundary: string;
  readonly subtype: string;
  readonly fields: readonly HeaderField[];
  readonly header: number;
  readonly start: number;
  readonly parts: Part[];
}

const LF = 0x0a;
const CR = 0x0d;
/** Multiparts of a message whose boundary is looked for; each is read once more. */
const maxGuesses = 16;

/** A leaf; all are made here, so that they have one shape. */
const leafOf = (
  { value, parameters }: Parameterised,
  fields: readonly HeaderField[],
  header: number,
  start: number,
  end: number,
): Leaf => ({ kind: 'leaf', type: value, parameters, fields, header, start, end });

/** A leaf whose end has not been seen. */
interface OpenLeaf {
  readonly type: Parameterised;
  readonly fields: readonly HeaderField[];
  readonly header: number;
  readonly start: number;
}

const closed = ({ type, fields, header, start }: OpenLeaf, end: number): Leaf =>
  leafOf(type, fields, header, start, Math.max(start, end));

/** What the readers of one message count together. */
interface Counts {
  parts: number;
  guesses: number;
}

/** Where a second, other Content-Type stands: a part's header without the delimiter before it; -1 when there is none. */
function secondType(fields: readonly HeaderField[]): number {
  const first = fields.findIndex((field) => field.name === 'content-type');
  const second = fields.findIndex((field, i) => i > first && field.name === 'content-type');
  return second !== -1 && fields[second]?.value === fields[first]?.value ? -1 : second;
}

/** Builds the tree in one pass over the lines that begin with `--`, whatever the depth. */
class TreeReader {
  readonly #raw: Buffer;
  readonly #limits: ParseLimits;
  readonly #defects: Defects;
  readonly #open: Open[] = [];
  #boundaries: Boundaries | null = null;
  readonly #counts: Counts;
  /** The part whose delimiter is missing; it is none when nothing stands in it. */
  #implied: OpenLeaf | null = null;

  constructor(raw: Buffer, limits: ParseLimits, defects: Defects, counts: Counts = { parts: 0, guesses: 0 }) {
    this.#raw = raw;
    this.#limits = limits;
    this.#defects = defects;
    this.#counts = counts;
  }

  read(fields: readonly HeaderField[], bodyStart: number, header: number): Part {
    const content = this.#enter(fields, header, bodyStart, null);
    if (content !== null && this.#open.length === 0) return closed(content, this.#raw.length);
    return this.#readOpen(bodyStart, content);
  }

  /** Reads from `start` until everything that is open has ended; at least one multipart is. */
  #readOpen(start: number, first: OpenLeaf | null): Part {
    const raw = this.#raw;
    let content = first;
    let position = start;
    let root: Part | null = null;
    /** Where the text ends that is left when nothing delimits it any more. */
    let rest = raw.length;
    const add = (part: Part) => {
      const parent = this.#open[this.#open.length - 1];
      if (parent === undefined) root = part;
      else parent.parts.push(part);
    };
    while (this.#open.length > 0) {
      const delimiter = this.#boundaries?.next(position) ?? null;
      if (delimiter?.loose === true) this.#defects.add('BOUNDARY_TEXT_SKIPPED', 'multipart');
      const end = delimiter === null ? rest : this.#before(delimiter.start, position);
      if (content !== null && !(content === this.#implied && this.#isBlank(content.start, end)))
        add(closed(content, end));
      content = null;
      const level = delimiter === null ? 0 : delimiter.level + (delimiter.close ? 0 : 1);
      while (this.#open.length > level) {
        const ends = delimiter?.close === true && this.#open.length === level + 1;
        if (!ends && this.#open[this.#open.length - 1]?.boundary !== '')
          this.#defects.add('BOUNDARY_END_MISSING', 'multipart');
        add(this.#pop(end, ends ? delimiter.next : delimiter === null ? raw.length : end));
      }
      if (delimiter === null) break;
      position = delimiter.next;
      // A delimiter with nothing behind it begins no part, and is no text either.
      if (position >= raw.length) rest = end;
      if (delimiter.close || position >= raw.length) continue;
      const block = readHeaders(
        raw,
        position,
        raw.length,
        this.#limits.headerBytes,
        this.#defects,
        (start, stop) => this.#boundaries?.at(start, stop) != null,
      );
      content = this.#enter(block.fields, position, block.bodyStart, this.#open[this.#open.length - 1] ?? null);
      position = block.bodyStart;
    }
    if (root === null) throw new RangeError('no multipart was open');
    return root;
  }

  /** Begins a part: a leaf is returned, a multipart opened. */
  #enter(fields: readonly HeaderField[], header: number, start: number, parent: Open | null): OpenLeaf | null {
    this.#counts.parts++;
    if (this.#counts.parts > this.#limits.parts)
      throw stalled(
        'MESSAGE_TOO_MANY_PARTS',
        `the message has more than ${this.#limits.parts} parts; such mail is not read`,
      );
    const type = contentType(fields, parent?.subtype === 'digest', this.#defects);
    if (!type.value.startsWith('multipart/')) return { type, fields, header, start };
    const boundary = type.parameters.get('boundary') ?? '';
    if (boundary === '') this.#defects.add('BOUNDARY_MISSING', 'multipart');
    const second = parent === null || boundary === '' ? -1 : secondType(fields);
    const open = this.#begin(
      boundary,
      type.value.slice(10),
      second === -1 ? fields : fields.slice(0, second),
      header,
      start,
    );
    if (second === -1) return null;
    this.#defects.add('BOUNDARY_START_MISSING', 'multipart');
    this.#implied = this.#enter(fields.slice(second), header, start, open);
    return this.#implied;
  }

  #begin(boundary: string, subtype: string, fields: readonly HeaderField[], header: number, start: number): Open {
    if (this.#open.length >= this.#limits.depth)
      throw stalled(
        'MESSAGE_TOO_DEEP',
        `parts of the message are nested deeper than ${this.#limits.depth}; such mail is not read`,
      );
    this.#boundaries ??= new Boundaries(this.#raw);
    this.#boundaries.push(boundary);
    const open: Open = { boundary, subtype, fields, header, start, parts: [] };
    this.#open.push(open);
    return open;
  }

  /** Ends the innermost multipart; the content of one without a single part is text, so that it is not lost. */
  #pop(end: number, multipartEnd: number): Part {
    const open = this.#open.pop();
    if (open === undefined) throw new RangeError('no multipart is open');
    this.#boundaries?.pop();
    const { subtype, fields, header, start, parts } = open;
    const place = { kind: 'multipart', subtype, fields, header, start, end: Math.max(start, multipartEnd) } as const;
    if (parts.length > 0) return { ...place, parts, bare: false };
    const guessed = this.#readGuessed(open, Math.max(start, end));
    if (guessed !== null) return guessed;
    if (open.boundary !== '') this.#defects.add('MULTIPART_WITHOUT_PARTS', 'multipart');
    const content = leafOf(textPlain, [], start, start, Math.max(start, end));
    return { ...place, parts: [content], bare: true };
  }

  /** Reads a multipart anew that has another boundary than it says. */
  #readGuessed({ boundary, subtype, fields, header, start }: Open, end: number): Part | null {
    if (this.#counts.guesses >= maxGuesses) return null;
    this.#counts.guesses++;
    // It must not end in a blank (RFC 2046 §5.1.1), and what hands mail on takes blanks from the ends of lines.
    const guess = guessBoundary(this.#raw, start, end) || boundary.trimEnd();
    if (guess === '' || guess === boundary) return null;
    this.#defects.add('BOUNDARY_GUESSED', 'multipart');
    const limits = { ...this.#limits, depth: this.#limits.depth - this.#open.length };
    const reader = new TreeReader(this.#raw.subarray(0, end), limits, this.#defects, this.#counts);
    reader.#begin(guess, subtype, fields, header, start);
    return reader.#readOpen(start, null);
  }

  #isBlank(start: number, end: number): boolean {
    for (let i = start; i < end; i++) if ((this.#raw[i] ?? 0) > 0x20) return false;
    return true;
  }

  /** End of the content before a delimiter line: the newline in between belongs to the delimiter (RFC 2046 §5.1.1). */
  #before(line: number, least: number): number {
    let end = line;
    if (end > least && this.#raw[end - 1] === LF) end--;
    if (end > least && end < line && this.#raw[end - 1] === CR) end--;
    return end;
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
): Part =>
  limits.parts > 0 && firstField(fields, 'content-type') === ''
    ? leafOf(textPlain, fields, header, bodyStart, raw.length)
    : new TreeReader(raw, limits, defects).read(fields, bodyStart, header);
