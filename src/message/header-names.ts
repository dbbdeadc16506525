const slots = 2_048;
/** Longer names are not kept. */
const longest = 64;
/** Names as they are written, each in the place that its characters say, or, when another came by, beside it. Senders use few. */
const written = new Uint8Array(slots * longest);
const lengths = new Uint8Array(slots);
const lower: string[] = new Array<string>(slots).fill('');

/** `name` as V8 keeps keys of objects: one string for equal ones, so that comparing two looks at no character. */
const asKey = (name: string): string => Object.keys({ [name]: 0 })[0] ?? name;

/** Whether the name in `slot` is what stands at `start`. */
function isAt(slot: number, bytes: Uint8Array, start: number, length: number): boolean {
  if (lengths[slot] !== length) return false;
  const first = slot * longest;
  for (let i = 0; i < length; i++) if (written[first + i] !== bytes[start + i]) return false;
  return true;
}

/**
 * The name of a field that stands from `start` to `end` of a message, in lower case: one string for all messages, so that comparing
 * and looking it up costs little.
 *
 * @param bytes latin1.
 */
export function lowerName(bytes: Buffer, start: number, end: number): string {
  const length = end - start;
  const middle = bytes[start + (length >> 1)] ?? 0;
  const slot = ((bytes[start] ?? 0) + 3 * (bytes[end - 1] ?? 0) + 37 * middle + 151 * length) & (slots - 1);
  if (isAt(slot, bytes, start, length)) return lower[slot] ?? '';
  const beside = slot ^ 1;
  if (isAt(beside, bytes, start, length)) return lower[beside] ?? '';
  const name = bytes.toString('latin1', start, end).toLowerCase();
  if (length > longest) return name;
  written.copyWithin(beside * longest, slot * longest, (slot + 1) * longest);
  written.set(bytes.subarray(start, end), slot * longest);
  lengths[beside] = lengths[slot] ?? 0;
  lengths[slot] = length;
  lower[beside] = lower[slot] ?? '';
  lower[slot] = asKey(name);
  return lower[slot];
}
