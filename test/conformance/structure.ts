import { readBodyTexts } from '../../src/message/bodies.ts';
import type { BodyText } from '../../src/message/body-text.ts';
import { Defects } from '../../src/message/defects.ts';
import { sha256 } from '../../src/message/fields.ts';
import { readHeaders } from '../../src/message/headers.ts';
import { contentOf } from '../../src/message/leaf-content.ts';
import { defaultLimits } from '../../src/message/message.ts';
import { type Part, readTree } from '../../src/message/mime-tree.ts';
import { normaliseNewlines } from '../../src/message/newlines.ts';

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
  /** The texts that `text` is joined of. */
  readonly texts: readonly BodyText[];
}

/** The MIME tree of raw bytes, nested messages with theirs, and the content of its leaves. */
export function readStructure(raw: Buffer, depth = 0): ReadStructure {
  const defects = new Defects();
  const bytes = normaliseNewlines(raw, defects);
  const header = readHeaders(bytes, 0, bytes.length, defaultLimits.headerBytes, defects);
  const contents = new Map<string, Buffer>();
  const visit = (part: Part): Structure => {
    if (part.kind === 'multipart') {
      const type = `multipart/${part.subtype}`;
      return { type, parts: part.bare ? [] : part.parts.map(visit) };
    }
    const content = contentOf(bytes, part, defects);
    contents.set(sha256(content), content);
    const nested = part.type === 'message/rfc822' && depth < maxDepth;
    return nested ? { type: part.type, message: readStructure(content, depth + 1).structure } : { type: part.type };
  };
  const tree = readTree(bytes, header.fields, header.bodyStart, defaultLimits, defects);
  const texts = readBodyTexts(bytes, tree, defaultLimits, defects);
  return { structure: visit(tree), contents, texts };
}
