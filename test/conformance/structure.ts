import { contentOf } from '../../src/message/bodies.ts';
import { sha256 } from '../../src/message/fields.ts';
import { readHeaders } from '../../src/message/headers.ts';
import { type Part, readTree } from '../../src/message/mime-tree.ts';
import { normaliseNewlines } from '../../src/message/newlines.ts';
import { defaultLimits } from '../../src/message/parse.ts';
import { Defects } from '../../src/message/sanitize.ts';

/** The MIME tree as the data records it. */
export interface Structure {
  readonly type: string;
  readonly parts?: readonly Structure[];
  readonly message?: Structure;
}

/** Nested messages beyond this depth are not looked into. */
const maxDepth = 20;

export interface ReadStructure {
  readonly structure: Structure;
  /** Decoded bytes of each leaf of the message itself by their hash. */
  readonly contents: ReadonlyMap<string, Buffer>;
}

/** The MIME tree of raw bytes, nested messages with theirs, and the content of its leaves. */
export function readStructure(raw: Buffer, depth = 0): ReadStructure {
  const defects = new Defects();
  const bytes = normaliseNewlines(raw, defects);
  const header = readHeaders(bytes, 0, bytes.length, defaultLimits.headerBytes, defects);
  const contents = new Map<string, Buffer>();
  const visit = (part: Part): Structure => {
    if (part.kind === 'multipart') return { type: `multipart/${part.subtype}`, parts: part.parts.map(visit) };
    const content = contentOf(bytes, part, defects);
    contents.set(sha256(content), content);
    const nested = part.type === 'message/rfc822' && depth < maxDepth;
    return nested ? { type: part.type, message: readStructure(content, depth + 1).structure } : { type: part.type };
  };
  return { structure: visit(readTree(bytes, header.fields, header.bodyStart, defaultLimits, defects)), contents };
}
