import { Defects } from './defects.ts';
import { type HeaderField, readHeaders } from './headers.ts';
import { filenameOf, transferEncoding } from './leaf-content.ts';
import { defaultLimits, type ParseLimits } from './message.ts';
import { type Leaf, type Part, readTree } from './mime-tree.ts';
import { normaliseNewlines } from './newlines.ts';
import { decodeTransfer } from './transfer-encoding.ts';

/** A message opened, nothing of it decoded. Positions count in `bytes`. */
export interface Structure {
  /** The raw message; a copy where its lines had to be given other ends (`normaliseNewlines`). */
  readonly bytes: Buffer;
  readonly fields: readonly HeaderField[];
  readonly tree: Part;
}

/**
 * Opens a message, or the one that stands from `start` to `end` of `raw`.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded.
 */
export function openStructure(
  raw: Buffer,
  limits: ParseLimits = defaultLimits,
  start = 0,
  end = raw.length,
  defects = new Defects(),
): Structure {
  const bytes = normaliseNewlines(end === raw.length ? raw : raw.subarray(0, end), defects);
  const { fields, bodyStart } = readHeaders(bytes, start, bytes.length, limits.headerBytes, defects);
  return { bytes, fields, tree: readTree(bytes, fields, bodyStart, limits, defects, start) };
}

/** Decoded bytes of a leaf, or of the first `length` encoded ones. */
export const decodeLeaf = (bytes: Buffer, leaf: Leaf, length = leaf.end - leaf.start): Buffer =>
  decodeTransfer(
    bytes.subarray(leaf.start, Math.min(leaf.end, leaf.start + length)),
    transferEncoding(leaf),
    new Defects(),
  );

export { filenameOf, transferEncoding };

/** A leaf with its place in the tree: `1.2` as IMAP counts (RFC 9051 §6.4.5). */
export interface PlacedLeaf {
  readonly section: string;
  readonly leaf: Leaf;
}

/** The leaves of a tree in the order of the message. */
export function* leavesOf(part: Part, section = ''): Generator<PlacedLeaf> {
  if (part.kind === 'leaf') yield { section: section || '1', leaf: part };
  else
    for (const [i, one] of part.parts.entries())
      yield* leavesOf(one, section === '' ? `${i + 1}` : `${section}.${i + 1}`);
}
