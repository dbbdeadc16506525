import { decodeCharset } from '../charsets.ts';
import { firstField, type HeaderField, readHeaders } from '../headers.ts';
import { htmlToText } from '../html-to-text.ts';
import { contentOf } from '../leaf-content.ts';
import type { ParseLimits } from '../message.ts';
import { type Leaf, type Part, readTree } from '../mime-tree.ts';
import { normaliseNewlines } from '../newlines.ts';
import { defaultLimits } from '../parse.ts';
import { Defects } from '../sanitize.ts';

/** Longest text of a part that is read for a report, in bytes; delivery reports are far smaller. */
const maxText = 1_048_576;

/** A message opened for its reports: its own header, its leaves and their text. */
export interface ReportSource {
  readonly fields: readonly HeaderField[];
  /** `type/subtype` of the whole message, lower case. */
  readonly type: string;
  readonly leaves: readonly Leaf[];
  /** Value of the first header field of that lower-case name; empty when there is none. */
  header(name: string): string;
  /** Decoded bytes of a leaf, at most a mebibyte. */
  content(leaf: Leaf): Buffer;
  /** Text of a leaf with LF; HTML becomes plain text. */
  text(leaf: Leaf): string;
}

function leavesOf(part: Part): readonly Leaf[] {
  const leaves: Leaf[] = [];
  const open: Part[] = [part];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.kind === 'leaf') leaves.push(next);
    else for (const child of next.parts.toReversed()) open.push(child);
  }
  return leaves;
}

function textOf(content: Buffer, leaf: Leaf): string {
  const charset = leaf.parameters.get('charset') ?? '';
  const text = decodeCharset(content, charset, 'report', new Defects());
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return leaf.type === 'text/html' ? htmlToText(lines) : lines;
}

/**
 * Opens raw bytes for their reports; leaves are decoded when they are asked for.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded.
 */
export function openReport(raw: Buffer, limits: ParseLimits = defaultLimits): ReportSource {
  const defects = new Defects();
  const bytes = normaliseNewlines(raw, defects);
  const { fields, bodyStart } = readHeaders(bytes, 0, bytes.length, limits.headerBytes, defects);
  const leaves = leavesOf(readTree(bytes, fields, bodyStart, limits, defects));
  const content = (leaf: Leaf): Buffer =>
    contentOf(bytes, { ...leaf, end: Math.min(leaf.end, leaf.start + maxText) }, defects);
  return {
    fields,
    type: /^[^\s;]*/.exec(firstField(fields, 'content-type'))?.[0].toLowerCase() ?? '',
    leaves,
    header: (name) => firstField(fields, name),
    content,
    text: (leaf) => textOf(content(leaf), leaf),
  };
}
