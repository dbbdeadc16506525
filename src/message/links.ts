import { attributeOf, decodeReferences, tagsOf } from './html-tags.ts';
import type { Link } from './message.ts';

/** Most links of one message that are kept, the longest URL and text of one in UTF-16 units; what is longer is no link, or cut. */
const linkLimits = { links: 1_000, url: 4_096, text: 500 } as const;

/** Schemes that lead somewhere; `cid:` and `data:` are content, `javascript:` is code. */
const schemes = /^(?:https?|ftps?|mailto|tel|sms|sips?|xmpp|geo|webcal):/i;
const inText =
  /\b(?:https?:\/\/|ftps?:\/\/|mailto:|www\.(?=[\p{L}\p{N}]))[^\s<>"\p{Cc}\uff1c\uff1e「」『』【】《》〈〉]{2,4096}/giu;
const pairs: Readonly<Record<string, string>> = { ')': '(', ']': '[', '}': '{', '）': '（' };

/** How often a character stands in a text. */
function count(text: string, char: string): number {
  let n = 0;
  for (let at = text.indexOf(char); at !== -1; at = text.indexOf(char, at + 1)) n++;
  return n;
}

/** A URL of plain text without the punctuation of the sentence around it. */
function trimmed(url: string): string {
  let end = url.length;
  const open = new Map<string, number>();
  for (; end > 0; end--) {
    const last = url[end - 1] ?? '';
    if ('.,;:!?\'"*_~`|>“”‘’«»„‚。、，．；：！？…'.includes(last)) continue;
    const opener = pairs[last];
    if (opener === undefined) break;
    // A bracket that stands open within the URL belongs to it.
    const balance = open.get(last) ?? count(url, opener) - count(url, last);
    if (balance >= 0) break;
    open.set(last, balance + 1);
  }
  return url.slice(0, end);
}

/** A reference as it is followed: without blanks at its ends and line breaks within (URL standard §4.4). Null when it leads nowhere. */
function target(reference: string): string | null {
  const url = reference.trim().replace(/[\t\r\n]/g, '');
  return url.length > linkLimits.url || !schemes.test(url) ? null : url;
}

/** Elements that part no words. */
const inline = new Set('a abbr b big code em font i mark s small span strike strong sub sup tt u wbr'.split(' '));

/** Collects each URL once, until there are enough. */
class Links {
  readonly #found = new Map<string, Link>();

  get full(): boolean {
    return this.#found.size >= linkLimits.links;
  }

  /** The first text that says more than the URL counts. */
  add(url: string, text: string): void {
    const said = text === url ? '' : text;
    const known = this.#found.get(url);
    if (known === undefined ? !this.full : known.text === '' && said !== '') this.#found.set(url, { url, text: said });
  }

  list(): readonly Link[] {
    return [...this.#found.values()];
  }
}

/** Text between tags as a reader sees it. */
const visible = (parts: string): string =>
  decodeReferences(parts)
    .replace(/[\s\u00a0]+/g, ' ')
    .trim()
    .slice(0, linkLimits.text)
    .toWellFormed();

function fromHtml(html: string, links: Links): void {
  let url: string | null = null;
  let text = '';
  let from = 0;
  const close = () => {
    if (url !== null) links.add(url, visible(text));
    url = null;
    text = '';
  };
  for (const tag of tagsOf(html)) {
    if (links.full) return;
    if (url !== null && text.length < linkLimits.text * 4)
      text += html.slice(from, Math.min(tag.start, from + linkLimits.text * 4)) + (inline.has(tag.name) ? '' : ' ');
    from = tag.end;
    if (tag.name === 'a') {
      close();
      if (!tag.closing) url = target(attributeOf(tag, 'href'));
    } else if (tag.name === 'area' && !tag.closing) {
      const area = target(attributeOf(tag, 'href'));
      if (area !== null) links.add(area, visible(attributeOf(tag, 'alt')));
    } else if (tag.name === 'img' && url !== null) text += ` ${attributeOf(tag, 'alt').slice(0, linkLimits.text)}`;
  }
  close();
}

function fromText(text: string, links: Links): void {
  for (const [match] of text.matchAll(inText)) {
    if (links.full) return;
    const url = trimmed(match);
    const whole = /^www\./i.test(url) ? `http://${url}` : url;
    if (/[^/:]$|\/$/.test(whole) && whole.length <= linkLimits.url && !/^(?:https?|ftps?):\/*$/i.test(whole))
      links.add(whole, '');
  }
}

/**
 * The links of a message: `a` and `area` of its HTML with what a reader sees of them, then the URLs that stand in its text. Each URL
 * once, as it is written; `www.…` counts as `http://www.…`. At most 1,000. Linear in the length of both.
 */
export function linksOf(html: string, text: string): readonly Link[] {
  const links = new Links();
  if (html !== '') fromHtml(html, links);
  if (text !== '' && !links.full) fromText(text, links);
  return links.list();
}
