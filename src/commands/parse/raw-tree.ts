import { isMessageType } from '../../message/attachment.ts';
import type { Part } from '../../message/mime-tree.ts';
import { filenameOf, openStructure, transferEncoding } from '../../message/structure.ts';

/** Deepest nesting of messages that is shown; each level reads what is inside once more. */
const maxNesting = 20;
const LF = 0x0a;

/** A part with its place: byte offsets in the file, from its header to behind its content. */
export interface TreeNode {
  /** As IMAP counts; absent for the whole of a multipart message. */
  readonly section?: string;
  readonly type: string;
  readonly start: number;
  readonly bodyStart: number;
  readonly end: number;
  readonly encoding?: string;
  readonly charset?: string;
  readonly filename?: string;
  readonly parts?: readonly TreeNode[];
  /** The message in a message/rfc822 part. */
  readonly message?: TreeNode;
}

const place = (part: Part) => ({ start: part.header, bodyStart: part.start, end: part.end });

function toNode(bytes: Buffer, part: Part, section: string, nesting: number): TreeNode {
  if (part.kind === 'multipart') {
    const parts = part.parts.map((one, i) =>
      toNode(bytes, one, section === '' ? `${i + 1}` : `${section}.${i + 1}`, nesting),
    );
    return { ...(section !== '' && { section }), type: `multipart/${part.subtype}`, ...place(part), parts };
  }
  const encoding = transferEncoding(part);
  const charset = part.parameters.get('charset') ?? '';
  const filename = filenameOf(part);
  const encoded = encoding === 'base64' || encoding === 'quoted-printable';
  const own = section || '1';
  return {
    section: own,
    type: part.type,
    ...place(part),
    ...(encoding !== '' && { encoding }),
    ...(charset !== '' && { charset }),
    ...(filename !== '' && { filename }),
    ...(isMessageType(part.type) &&
      !encoded &&
      nesting < maxNesting && { message: nested(bytes, part.start, part.end, own, nesting + 1) }),
  };
}

function nested(bytes: Buffer, start: number, end: number, section: string, nesting: number): TreeNode {
  const structure = openStructure(bytes, undefined, start, end);
  const { tree } = structure;
  return toNode(structure.bytes, tree, tree.kind === 'multipart' ? section : `${section}.1`, nesting);
}

/** Where the lines of bytes begin. */
function lineStarts(bytes: Buffer): readonly number[] {
  const starts = [0];
  for (let lf = bytes.indexOf(LF); lf !== -1; lf = bytes.indexOf(LF, lf + 1)) starts.push(lf + 1);
  return starts;
}

/** Turns positions of a copy whose lines end in fewer CRs into those of the file. */
function inFile(raw: Buffer, copy: Buffer): (position: number) => number {
  if (raw.length === copy.length) return (position) => position;
  const ours = lineStarts(copy);
  const theirs = lineStarts(raw);
  return (position) => {
    if (position === copy.length) return raw.length;
    let line = 0;
    for (let end = ours.length; end - line > 1; ) {
      const middle = (line + end) >> 1;
      if ((ours[middle] ?? 0) > position) end = middle;
      else line = middle;
    }
    return (theirs[line] ?? 0) + position - (ours[line] ?? 0);
  };
}

/** The node with other positions. */
function moved(node: TreeNode, to: (position: number) => number): TreeNode {
  const { start, bodyStart, end, parts, message } = node;
  return {
    ...node,
    start: to(start),
    bodyStart: to(bodyStart),
    end: to(end),
    ...(parts !== undefined && { parts: parts.map((part) => moved(part, to)) }),
    ...(message !== undefined && { message: moved(message, to) }),
  };
}

/**
 * The MIME structure of a message with byte offsets; nested messages are opened where they stand unencoded.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded.
 */
export function rawTree(raw: Buffer): TreeNode {
  const { bytes, tree } = openStructure(raw);
  return moved(toNode(bytes, tree, '', 0), inFile(raw, bytes));
}
