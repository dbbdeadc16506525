/** One element of BER (X.690 §8.1), which DER and what mail programs send are kinds of. */
export interface Element {
  /** Identifier octet: class, constructed bit and number below 31. */
  readonly tag: number;
  /** Where its content begins. */
  readonly start: number;
  /** Where its content ends; of indefinite length, the end of what it stands in. */
  readonly end: number;
  readonly indefinite: boolean;
}

export const tags = { integer: 0x02, octetString: 0x04, oid: 0x06, sequence: 0x30, set: 0x31, context0: 0xa0 } as const;
/** Set in the tag of an element that holds others. */
const constructed = 0x20;

/** Deepest nesting of elements of indefinite length that is walked through. */
const maxDepth = 16;

/** The element at `position`, or null when none stands there or it goes beyond `end`. */
export function readElement(bytes: Buffer, position: number, end: number): Element | null {
  const tag = bytes[position];
  const length = bytes[position + 1];
  if (tag === undefined || length === undefined || position + 2 > end || (tag & 0x1f) === 0x1f) return null;
  if (length === 0x80) {
    if ((tag & constructed) === 0) return null;
    return { tag, start: position + 2, end, indefinite: true };
  }
  const octets = length < 0x80 ? 0 : length & 0x7f;
  const start = position + 2 + octets;
  if (start > end || octets > 6) return null;
  const size = octets === 0 ? length : bytes.readUIntBE(position + 2, octets);
  return start + size > end ? null : { tag, start, end: start + size, indefinite: false };
}

/** Whether the end of an element of indefinite length stands at `position`. */
const isEndOfContents = (bytes: Buffer, position: number, end: number): boolean =>
  position + 2 <= end && bytes[position] === 0 && bytes[position + 1] === 0;

/** Where the element that begins at `position` ends; -1 when it has no end or is nested too deep. Linear in its length. */
export function skipElement(bytes: Buffer, position: number, end: number, depth = 0): number {
  const element = readElement(bytes, position, end);
  if (element === null || depth > maxDepth) return -1;
  if (!element.indefinite) return element.end;
  let next = element.start;
  while (next !== -1 && next < end) {
    if (isEndOfContents(bytes, next, end)) return next + 2;
    next = skipElement(bytes, next, end, depth + 1);
  }
  return -1;
}

/** The bytes of an OCTET STRING; those of its pieces when it is constructed. Null when it is broken. */
export function octetsOf(bytes: Buffer, string: Element): Buffer | null {
  if (string.tag === tags.octetString) return bytes.subarray(string.start, string.end);
  if (string.tag !== (tags.octetString | constructed)) return null;
  const pieces: Buffer[] = [];
  return collect(bytes, string, pieces, 0) === -1 ? null : Buffer.concat(pieces);
}

function collect(bytes: Buffer, string: Element, pieces: Buffer[], depth: number): number {
  if (depth > maxDepth) return -1;
  let position = string.start;
  while (position < string.end) {
    if (string.indefinite && isEndOfContents(bytes, position, string.end)) return position + 2;
    const piece = readElement(bytes, position, string.end);
    if (piece?.tag === tags.octetString) {
      pieces.push(bytes.subarray(piece.start, piece.end));
      position = piece.end;
    } else if (piece?.tag === (tags.octetString | constructed)) {
      position = collect(bytes, piece, pieces, depth + 1);
      if (position === -1) return -1;
    } else return -1;
  }
  return string.indefinite ? -1 : position;
}
