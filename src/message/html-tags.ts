import { readReference } from './entities.ts';

/** A start or end tag of HTML: `start` to `end` of the text, `end` behind its `>`. */
export interface Tag {
  /** Lower case. */
  readonly name: string;
  readonly closing: boolean;
  /** What stands between name and `>`, at most 8 KiB of it. */
  readonly attributes: string;
  readonly start: number;
  readonly end: number;
}

const maxAttributes = 8_192;
const tagName = /<(\/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})/y;
/** Elements whose content is no markup. */
const opaque = new Set(['script', 'style', 'title', 'textarea', 'template', 'noframes', 'iframe']);

/** Where the tag ends that has its attributes from `from` on: behind the `>` that stands in no quoted value. */
function tagEnd(html: string, from: number): number {
  const plain = html.indexOf('>', from);
  if (plain === -1) return -1;
  const stop = Math.min(html.length, from + maxAttributes);
  let quote = '';
  for (let i = from; i < stop; i++) {
    const char = html[i] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
    } else if (char === '>') return i + 1;
    else if ((char === '"' || char === "'") && /=\s{0,8}$/.test(html.slice(Math.max(from, i - 9), i))) quote = char;
  }
  return plain + 1;
}

/**
 * The tags of HTML in their order; comments, scripts and styles are passed over. Understands any input; linear in its length.
 */
export function* tagsOf(html: string): Generator<Tag> {
  /** Elements that are never closed: looked for once. */
  const unclosed = new Set<string>();
  let lower = '';
  let position = 0;
  for (;;) {
    const start = html.indexOf('<', position);
    if (start === -1) return;
    if (html.startsWith('<!--', start)) {
      const end = unclosed.has('--') ? -1 : html.indexOf('-->', start + 2);
      if (end === -1) unclosed.add('--');
      position = end === -1 ? start + 4 : end + 3;
      continue;
    }
    tagName.lastIndex = start;
    const match = tagName.exec(html);
    if (match === null) {
      position = start + 1;
      continue;
    }
    const from = start + match[0].length;
    const end = tagEnd(html, from);
    if (end === -1) return;
    const name = (match[2] ?? '').toLowerCase();
    const closing = match[1] === '/';
    yield { name, closing, attributes: html.slice(from, Math.min(end - 1, from + maxAttributes)), start, end };
    position = end;
    if (closing || !opaque.has(name) || unclosed.has(name)) continue;
    if (lower === '') lower = html.toLowerCase();
    // Lower case may be longer in other scripts: then positions do not fit, and the content counts as markup.
    const close = lower.length === html.length ? lower.indexOf(`</${name}`, end) : -1;
    if (close === -1) unclosed.add(name);
    else position = close;
  }
}

/** `text` with its character references decoded. */
export function decodeReferences(text: string): string {
  let at = text.indexOf('&');
  if (at === -1) return text;
  let result = '';
  let from = 0;
  while (at !== -1) {
    const reference = readReference(text, at);
    result += text.slice(from, at) + reference.text;
    from = at + reference.length;
    at = text.indexOf('&', from);
  }
  return result + text.slice(from);
}

const attribute = /([^\s"'<>/=]{1,64})\s{0,16}=\s{0,16}(?:"([^"]*)"|'([^']*)'|([^\s"'>]*))/g;

/** The value of an attribute, references decoded; empty when the tag has none. */
export function attributeOf({ attributes }: Tag, name: string): string {
  if (attributes === '') return '';
  for (const [, key, double, single, bare] of attributes.matchAll(attribute))
    if (key?.toLowerCase() === name) return decodeReferences(double ?? single ?? bare ?? '');
  return '';
}
