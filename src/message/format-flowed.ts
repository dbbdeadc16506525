/** A line of flowed text taken apart (RFC 3676 §4.1). */
interface FlowedLine {
  /** Quote marks before it. */
  readonly depth: number;
  /** Without quote marks and the blank that was stuffed in. */
  readonly content: string;
}

/** The line between a text and its signature (RFC 3676 §4.3): never flowed, although it ends in a blank. */
const signatureLine = '-- ';

function takeApart(line: string): FlowedLine {
  let depth = 0;
  while (line.charCodeAt(depth) === 0x3e) depth++;
  return { depth, content: line.slice(line.charCodeAt(depth) === 0x20 ? depth + 1 : depth) };
}

/** A paragraph as a reader writes it: its quote marks, one blank, its text. */
const shown = (depth: number, text: string): string =>
  depth === 0 ? text : text === '' ? '>'.repeat(depth) : `${'>'.repeat(depth)} ${text}`;

/**
 * Text of `format=flowed` with its paragraphs joined (RFC 3676): soft line breaks and stuffed blanks are gone, quote marks stand
 * once a paragraph, a change of quote depth and the signature line end one. Linear in the length of `text`.
 *
 * @param text with LF.
 * @param deleteSpace `DelSp=yes`: the blank before a soft break is no part of the text.
 */
export function decodeFlowed(text: string, deleteSpace: boolean): string {
  if (!text.includes(' \n') && !text.includes('\n ') && !text.startsWith(' ') && !text.includes('>')) return text;
  const lines: string[] = [];
  const paragraph: string[] = [];
  let depth = 0;
  const finish = () => {
    if (paragraph.length > 0) lines.push(shown(depth, paragraph.join('')));
    paragraph.length = 0;
  };
  for (const line of text.split('\n')) {
    const taken = takeApart(line);
    const { content } = taken;
    const isSignature = content === signatureLine;
    if (taken.depth !== depth || isSignature) finish();
    depth = taken.depth;
    const flows = content.endsWith(' ') && !isSignature;
    paragraph.push(flows && deleteSpace ? content.slice(0, -1) : content);
    if (!flows) finish();
  }
  finish();
  return lines.join('\n');
}
