const slots = 2_048;
/** Names as they are written, each in the place that its characters say, or, when another came by, beside it. Senders use few. */
const written: string[] = new Array<string>(slots).fill('');
const lower: string[] = new Array<string>(slots).fill('');
/** Longer names are not kept. */
const longest = 64;

/** `name` as V8 keeps keys of objects: one string for equal ones, so that comparing two looks at no character. */
const asKey = (name: string): string => Object.keys({ [name]: 0 })[0] ?? name;

/**
 * The name of a field that stands from `start` to `end` of `text`, in lower case: one string for all messages, so that comparing
 * and looking it up costs little.
 */
export function lowerName(text: string, start: number, end: number): string {
  const length = end - start;
  const middle = text.charCodeAt(start + (length >> 1));
  const slot = (text.charCodeAt(start) + 3 * text.charCodeAt(end - 1) + 37 * middle + 151 * length) & (slots - 1);
  const known = written[slot] ?? '';
  if (known.length === length && text.startsWith(known, start)) return lower[slot] ?? '';
  const beside = written[slot ^ 1] ?? '';
  if (beside.length === length && text.startsWith(beside, start)) return lower[slot ^ 1] ?? '';
  const name = text.slice(start, end);
  if (length > longest) return name.toLowerCase();
  written[slot ^ 1] = known;
  lower[slot ^ 1] = lower[slot] ?? '';
  // A copy: a slice would keep the whole header.
  written[slot] = Buffer.from(name, 'latin1').toString('latin1');
  lower[slot] = asKey(name.toLowerCase());
  return lower[slot];
}
