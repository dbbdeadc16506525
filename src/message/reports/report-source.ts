import { decodeCharset } from '../charsets.ts';
import { Defects } from '../defects.ts';
import { firstField, type HeaderField } from '../headers.ts';
import { htmlToText } from '../html-to-text.ts';
import type { ParseLimits } from '../message.ts';
import type { Leaf } from '../mime-tree.ts';
import { decodeLeaf, leavesOf, openStructure, type Structure } from '../structure.ts';
import { decodedText } from './decoded-text.ts';

/** Longest text of a part that is read for a report, in bytes; delivery reports are far smaller. */
const maxText = 1_048_576;

/** A message opened for its reports: its own header, its leaves and their text. */
export interface ReportSource {
  readonly fields: readonly HeaderField[];
  /** `type/subtype` of the whole message, lower case. */
  readonly type: string;
  readonly leaves: readonly Leaf[];
  /** Decoded text of the subject; empty when there is none. */
  readonly subject: string;
  /** Value of the first header field of that lower-case name; empty when there is none. */
  header(name: string): string;
  /** Decoded bytes of a leaf, at most a mebibyte. */
  content(leaf: Leaf): Buffer;
  /** Decoded bytes of a leaf's first 128, more or fewer by its encoding. */
  start(leaf: Leaf): Buffer;
  /** Text of a leaf with LF; HTML becomes plain text. */
  text(leaf: Leaf): string;
}

function textOf(content: Buffer, leaf: Leaf): string {
  const charset = leaf.parameters.get('charset') ?? '';
  const text = decodeCharset(content, charset, 'report', new Defects());
  const lines = text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
  return leaf.type === 'text/html' ? htmlToText(lines) : lines;
}

/** An opened message as the readers of reports see it; leaves are decoded when they are asked for, their text once. */
export function sourceOf({ bytes, fields, tree }: Structure): ReportSource {
  const headers = new Map<string, string>();
  for (const { name, value } of fields) if (!headers.has(name)) headers.set(name, value);
  const texts = new Map<Leaf, string>();
  const content = (leaf: Leaf): Buffer => decodeLeaf(bytes, leaf, maxText);
  return {
    fields,
    type: /^[^\s;]*/.exec(firstField(fields, 'content-type'))?.[0].toLowerCase() ?? '',
    leaves: Array.from(leavesOf(tree), ({ leaf }) => leaf),
    subject: decodedText(headers.get('subject') ?? ''),
    header: (name) => headers.get(name) ?? '',
    content,
    start: (leaf) => decodeLeaf(bytes, leaf, 128),
    text: (leaf) => {
      const text = texts.get(leaf) ?? textOf(content(leaf), leaf);
      texts.set(leaf, text);
      return text;
    },
  };
}

/**
 * Opens raw bytes for their reports.
 *
 * @throws MailmillError with a code that begins with `MESSAGE_` when a limit is exceeded.
 */
export const openReport = (raw: Buffer, limits?: ParseLimits): ReportSource => sourceOf(openStructure(raw, limits));
