import { baseSubject } from '../thread.ts';
import { hasAddress, hasDate, headerLine, isBlank, isRule, ruledWords } from './lines.ts';

/** What a quoted header is recognised by: the message's own subject, and whom it goes to. */
export interface Context {
  readonly subject: string;
  /** Addresses and names of To and Cc, lower case. */
  readonly recipients: ReadonlySet<string>;
}

/** Lines that a header block may have, folded ones with it. */
const maxLines = 30;
/** Lines that fold a long list of recipients. */
const maxFolded = 8;

interface Block {
  readonly headers: number;
  readonly lines: number;
  readonly dated: boolean;
  readonly addressed: boolean;
  readonly values: readonly string[];
}

/** The lines `label: value` that stand from `at` on, with what folds them. */
function blockAt(lines: readonly string[], at: number): Block {
  const values: string[] = [];
  let n = 0;
  let folded = 0;
  let end = 0;
  for (; n < maxLines && at + n < lines.length; n++) {
    const line = lines[at + n] ?? '';
    if (isBlank(line)) break;
    const one = headerLine(line);
    if (one !== null) {
      values.push(one.value);
      folded = 0;
      end = n + 1;
    } else if (n > 0 && folded < maxFolded && (/^\s/.test(line) || hasAddress(line))) folded++;
    else break;
  }
  return {
    headers: values.length,
    lines: end,
    dated: values.some(hasDate),
    addressed: values.some(hasAddress),
    values,
  };
}

function matches({ values }: Block, { subject, recipients }: Context): boolean {
  const base = baseSubject(subject).toLowerCase();
  for (const value of values) {
    if (base !== '' && baseSubject(value).toLowerCase() === base) return true;
    const name = value
      .replace(/[<[(].*$/s, '')
      .replace(/["']/g, '')
      .trim()
      .toLowerCase();
    if (name !== '' && recipients.has(name)) return true;
    const address = /[^\s<>"'()[\]:;,]{1,64}@[^\s<>"'()[\];,]{1,255}/.exec(value)?.[0].toLowerCase();
    if (address !== undefined && recipients.has(address)) return true;
  }
  return false;
}

/**
 * How many lines of a quoted header stand at `at`: at least three lines `label: value`, one of them a date, and one the message's own
 * subject or one of its recipients, who wrote what is quoted. 0 when none does.
 */
export function headerBlockAt(lines: readonly string[], at: number, context: Context): number {
  if (headerLine(lines[at] ?? '') === null) return 0;
  const before = lines[at - 1] ?? '';
  if (!isBlank(before) && !isRule(before)) return 0;
  const block = blockAt(lines, at);
  if (block.headers < 3 || !block.dated) return 0;
  return isRule(before) || matches(block, context) ? block.lines : 0;
}

/**
 * Whether everything from this line on is quoted: strokes around words (`-----Original Message-----`) with a header below, or with a date
 * or an address among the words.
 */
export function startsRest(lines: readonly string[], at: number): boolean {
  const words = ruledWords(lines[at] ?? '');
  if (words === null) return false;
  if (hasAddress(words) || hasDate(words)) return true;
  let next = at + 1;
  while (next < at + 3 && isBlank(lines[next] ?? '')) next++;
  const block = blockAt(lines, next);
  return block.headers >= 2 && (block.dated || block.addressed);
}
