const SPACE = 0x20;
const QUOTE = 0x3e;

/** The line between a text and its signature (RFC 3676 §4.3): never flowed, although it ends in a blank. */
const signatureLine = '-- ';

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
  let result = '';
  /** The lines before this are in the result, or in the paragraph. */
  let done = 0;
  let paragraph = '';
  let isOpen = false;
  let depth = 0;
  const finish = () => {
    if (isOpen) result += `${shown(depth, paragraph)}\n`;
    paragraph = '';
    isOpen = false;
  };
  for (let start = 0; start <= text.length; ) {
    const lf = text.indexOf('\n', start);
    const end = lf === -1 ? text.length : lf;
    let quoted = start;
    while (text.charCodeAt(quoted) === QUOTE) quoted++;
    const isStuffed = quoted < end && text.charCodeAt(quoted) === SPACE;
    const from = isStuffed ? quoted + 1 : quoted;
    const isSignature = end - from === signatureLine.length && text.startsWith(signatureLine, from);
    const flows = end > from && text.charCodeAt(end - 1) === SPACE && !isSignature;
    if (isOpen && (quoted - start !== depth || isSignature)) finish();
    // Most lines are shown as they were sent, and copied many at a time.
    const isShown = quoted === start ? !isStuffed : isStuffed === end > from;
    if (isOpen || flows || !isShown) {
      if (done < start) result += text.slice(done, start);
      done = end + 1;
      depth = quoted - start;
      paragraph += text.slice(from, flows && deleteSpace ? end - 1 : end);
      isOpen = true;
      if (!flows) finish();
    }
    start = end + 1;
  }
  finish();
  if (done <= text.length) result += `${text.slice(done)}\n`;
  return result.slice(0, -1);
}
