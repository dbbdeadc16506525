import { endsInColon, hasAddress, hasDate, isBlank, isQuoted, isRule, isSignatureMark } from './lines.ts';
import { type Context, headerBlockAt, startsRest } from './quoted-header.ts';

/** Longest text that is looked at, in UTF-16 units; what follows is no reply. */
const maxText = 1_048_576;
/** Most lines of an attribution, which programs wrap. */
const maxAttribution = 4;

/**
 * How many of the last lines announce a quotation (`On … wrote:`): they end in a colon and name a time or an address, or name both. A
 * line that ends in a colon and begins the text counts as well.
 */
function attribution(kept: readonly string[]): number {
  let last = kept.length;
  while (last > 0 && isBlank(kept[last - 1] ?? '')) last--;
  // One blank line may stand between.
  if (last === 0 || kept.length - last > 2) return 0;
  const colon = endsInColon(kept[last - 1] ?? '');
  let joined = '';
  for (let n = 1; n <= maxAttribution && n <= last; n++) {
    const line = kept[last - n] ?? '';
    if (isBlank(line) || line.length > 500) break;
    joined = n === 1 ? line : `${line} ${joined}`;
    const dated = hasDate(joined);
    if (colon ? dated || hasAddress(joined) : dated && hasAddress(joined)) {
      // The line before may hold the date.
      const before = kept[last - n - 1] ?? '';
      const more = !dated && !isBlank(before) && before.length <= 500 && hasDate(before) ? 1 : 0;
      return kept.length - last + n + more;
    }
  }
  // At most two blank lines stand before the text.
  const begins = last <= 3 && kept.slice(0, last - 1).every(isBlank);
  return colon && begins && joined.length <= 120 ? kept.length - last + 1 : 0;
}

/**
 * Whether a paragraph begins here that announces a quotation without marks: it names a time and an address, ends in a colon, and what
 * follows bears no marks.
 */
function announces(lines: readonly string[], at: number): boolean {
  if (at > 0 && !isBlank(lines[at - 1] ?? '')) return false;
  let joined = '';
  for (let n = 0; n < maxAttribution; n++) {
    const line = lines[at + n] ?? '';
    if (isBlank(line) || line.length > 500) return false;
    joined += ` ${line}`;
    if (!endsInColon(line)) continue;
    if (!hasDate(joined) || !/<[^<>\s]+@[^<>\s]+>|\[mailto:/.test(joined)) return false;
    const next = lines.slice(at + n + 1, at + n + 8).find((one) => !isBlank(one));
    return next !== undefined && !isQuoted(next);
  }
  return false;
}

/** Whether what a rule parts from the text is the footer of a list or a program: a few last lines with an address of the web. */
function isFooter(lines: readonly string[], at: number): boolean {
  const rest = lines.slice(at + 1, at + 40).filter((line) => !isBlank(line));
  if (rest.length > 8 || rest.length === 0 || lines.length > at + 40) return false;
  return rest.some((line) => /https?:\/\/|www\./i.test(line) || hasAddress(line));
}

/** Adds a blank line unless two stand there: no more is ever looked at. */
function addBlank(kept: string[]): void {
  if (kept.length < 2 || !isBlank(kept.at(-1) ?? '') || !isBlank(kept.at(-2) ?? '')) kept.push('');
}

/** Hosts of the pages that phone programs advertise below each mail. */
const advertised =
  /https?:\/\/(?:aka\.ms\/\w+|go\.onelink\.me\/|overview\.mail\.yahoo\.com\/|(?:www\.)?proton(?:mail)?\.(?:me|com|ch)\/)/i;

/** Takes off the last paragraph when it is one line that leads to a mail program's page. */
function dropAdvertisement(kept: string[]): void {
  while (kept.length > 0 && isBlank(kept.at(-1) ?? '')) kept.pop();
  const last = kept.at(-1) ?? '';
  if (kept.length > 1 && last.length < 160 && advertised.test(last) && isBlank(kept.at(-2) ?? '')) kept.pop();
}

/**
 * The text that its author wrote: without lines that quote, the lines that announce them, quoted headers and what follows these, and
 * signatures. Told by structure alone, whatever the language. Linear in the length of `text`.
 */
export function replyOfText(text: string, context: Context): string {
  const lines = text.slice(0, maxText).toWellFormed().split('\n');
  const kept: string[] = [];
  let signature = false;
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (isQuoted(line)) {
      const taken = signature ? 0 : attribution(kept);
      if (taken > 0) kept.length -= taken;
      // A quotation ends a signature that stands before any text.
      if (signature && kept.length <= 2 && kept.every(isBlank)) signature = false;
      dropAdvertisement(kept);
      addBlank(kept);
      while (isQuoted(lines[i + 1] ?? '')) i++;
      continue;
    }
    if (startsRest(lines, i) || headerBlockAt(lines, i, context) > 0) break;
    if (announces(lines, i)) break;
    if (signature) continue;
    if (isSignatureMark(line)) signature = true;
    else if (isRule(line) && isFooter(lines, i)) break;
    else if (isBlank(line)) addBlank(kept);
    else kept.push(line.trimEnd());
  }
  // A rule that stood before a quoted header.
  while (kept.length > 0 && (isBlank(kept.at(-1) ?? '') || isRule(kept.at(-1) ?? ''))) kept.pop();
  dropAdvertisement(kept);
  return kept
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}
