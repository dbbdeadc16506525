/** A line that ends a part. */
export interface Delimiter {
  /** Of the multipart that it belongs to, 0 for the outermost. */
  readonly level: number;
  /** The one that ends its multipart. */
  readonly close: boolean;
  readonly start: number;
  /** Where the line behind it begins. */
  readonly next: number;
  /** Text stood behind the boundary. */
  readonly loose: boolean;
}

/** The boundary of a multipart that has not ended. */
interface Level {
  /** Empty when the multipart names none: then nothing ends it but its parent. */
  readonly boundary: string;
  /** So unlike text that a line which begins with it is a delimiter whatever else stands on it. */
  readonly distinct: boolean;
  /** The level that the same boundary had before. */
  readonly shadowed: number | undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const DASH = 0x2d;
/** What may stand between a boundary and the end of its line: the dashes that close it, blanks before them. */
const maxClose = 4;
const isBlank = (byte: number | undefined) => byte === 0x20 || byte === 0x09;

/** Finds the delimiter lines of the multiparts that are open, in one pass whatever the depth. */
export class Boundaries {
  readonly #raw: Buffer;
  readonly #open: Level[] = [];
  /** Boundary to the innermost level that has it. */
  readonly #levels = new Map<string, number>();
  #longest = 0;

  constructor(raw: Buffer) {
    this.#raw = raw;
  }

  push(boundary: string): void {
    const shadowed = this.#levels.get(boundary);
    if (boundary !== '') this.#levels.set(boundary, this.#open.length);
    this.#longest = Math.max(this.#longest, boundary.length);
    this.#open.push({ boundary, distinct: boundary.length >= 8 && /[0-9A-Za-z]/.test(boundary), shadowed });
  }

  pop(): void {
    const level = this.#open.pop();
    if (level === undefined) throw new RangeError('no multipart is open');
    if (level.shadowed === undefined) this.#levels.delete(level.boundary);
    else this.#levels.set(level.boundary, level.shadowed);
  }

  /** The first delimiter from the beginning of a line on. */
  next(start: number): Delimiter | null {
    const raw = this.#raw;
    let line = start;
    if (raw[line] !== DASH || raw[line + 1] !== DASH) {
      line = raw.indexOf('\n--', start) + 1;
      if (line === 0) return null;
    }
    // The first line of what was decoded begins at 0.
    do {
      let lf = raw.indexOf(LF, line);
      if (lf === -1) lf = raw.length;
      const end = lf > line && raw[lf - 1] === CR ? lf - 1 : lf;
      const delimiter = this.at(line, end);
      if (delimiter !== null) return delimiter;
      line = raw.indexOf('\n--', end) + 1;
    } while (line > 0);
    return null;
  }

  /** The delimiter that a line is: a boundary with nothing but blanks behind it, or with text when it cannot be mistaken. */
  at(start: number, end: number): Delimiter | null {
    const raw = this.#raw;
    if (raw[start] !== DASH || raw[start + 1] !== DASH) return null;
    let stop = end;
    const next = Math.min(raw[end] === CR ? end + 2 : end + 1, raw.length);
    const found = (level: number, close: boolean, loose = false): Delimiter => ({ level, close, start, next, loose });
    if (isBlank(raw[stop - 1])) {
      // A boundary may itself end in a blank, although it must not.
      const level =
        stop - start - 2 <= this.#longest ? this.#levels.get(raw.toString('latin1', start + 2, stop)) : undefined;
      if (level !== undefined) return found(level, false);
      while (stop > start + 2 && isBlank(raw[stop - 1])) stop--;
    }
    if (stop - start - 2 <= this.#longest + maxClose) {
      const text = raw.toString('latin1', start + 2, stop);
      const level = this.#levels.get(text);
      if (level !== undefined) return found(level, false);
      const closes = text.endsWith('--') ? text.slice(0, -2) : '';
      const closed = this.#levels.get(closes) ?? this.#levels.get(closes.trimEnd());
      if (closed !== undefined) return found(closed, true);
    }
    return this.#loose(start + 2, stop, found);
  }

  #loose(
    start: number,
    end: number,
    found: (level: number, close: boolean, loose: true) => Delimiter,
  ): Delimiter | null {
    const raw = this.#raw;
    for (let level = this.#open.length - 1; level >= 0; level--) {
      const open = this.#open[level];
      if (open === undefined || !open.distinct) continue;
      const behind = start + open.boundary.length;
      const close = raw[behind] === DASH && raw[behind + 1] === DASH;
      if (behind >= end || (!close && !isBlank(raw[behind]))) continue;
      if (raw.toString('latin1', start, behind) === open.boundary) return found(level, close, true);
    }
    return null;
  }
}

/** Bytes of a multipart that are searched for its boundary. */
const guessedBytes = 65_536;
/** A delimiter line with the header of a part behind it (RFC 2046 §5.1.1). */
const delimiterLine = /(?:^|\n)--([^\s]{1,200})[ \t]*\r?\ncontent-[a-z-]{1,40}[ \t]*:/i;

/** The boundary that the content of a multipart seems to have, whatever its header says; empty when it seems to have none. */
export function guessBoundary(raw: Buffer, start: number, end: number): string {
  const text = raw.toString('latin1', start, Math.min(end, start + guessedBytes));
  return delimiterLine.exec(text)?.[1] ?? '';
}
