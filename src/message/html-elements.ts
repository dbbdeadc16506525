/** What an element means for the text around it. */
export interface HtmlElement {
  readonly name: string;
  /** Newlines around it. */
  readonly breaks: number;
  /** Its content is no text. */
  readonly dropped: boolean;
}

const elements = new Map<string, HtmlElement>();
function define(names: string, breaks: number, dropped = false): void {
  for (const name of names.split(' ')) elements.set(name, { name, breaks, dropped });
}
define('script style title template noframes iframe textarea select', 0, true);
define('p h1 h2 h3 h4 h5 h6 blockquote pre ul ol dl table', 2);
define('div tr li dt dd hr center address form fieldset caption body html thead tbody', 1);
define('article section header footer main nav aside figure', 1);
define('br td th', 0);

/** Characters of a name that a key holds. */
export const longestKey = 6;

/** What a character of a name adds to its key; 0 for those that no key has. Keys of names grow by `key * 32 + code`. */
export const keyCodes = new Uint8Array(128);
for (let i = 0; i < 26; i++) keyCodes[0x61 + i] = keyCodes[0x41 + i] = i + 1;
for (let i = 0; i < 5; i++) keyCodes[0x31 + i] = i + 27;

const slots = 1_024;
const keys = new Int32Array(slots);
const found: (HtmlElement | undefined)[] = new Array<HtmlElement | undefined>(slots).fill(undefined);
const slotOf = (key: number): number => Math.imul(key, 0x9e3779b1) >>> 22;

for (const element of elements.values()) {
  let key = 0;
  for (const char of element.name) key = key * 32 + (keyCodes[char.charCodeAt(0)] ?? 0);
  if (element.name.length > longestKey || element.name === 'h6') continue;
  let slot = slotOf(key);
  while (keys[slot] !== 0) slot = (slot + 1) & (slots - 1);
  keys[slot] = key;
  found[slot] = element;
}

/** The element of that key; most tags have a short name of letters. */
export function elementOfKey(key: number): HtmlElement | undefined {
  let slot = slotOf(key);
  while (keys[slot] !== 0) {
    if (keys[slot] === key) return found[slot];
    slot = (slot + 1) & (slots - 1);
  }
  return undefined;
}

/** The element of that name; undefined for one that means nothing. */
export const elementOf = (name: string): HtmlElement | undefined => elements.get(name.toLowerCase());
