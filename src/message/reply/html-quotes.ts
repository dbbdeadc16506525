import { attributeOf, type Tag, tagsOf } from '../html-tags.ts';

/** What a tag begins: a quotation or signature up to its end tag, or everything that follows. */
type Mark = 'quote' | 'signature' | 'rest';

/** Classes and ids that mail programs mark quotations and signatures with, the same in every language. */
const marks: Readonly<Record<string, Mark>> = {
  // Gmail
  gmail_quote: 'quote',
  gmail_quote_container: 'quote',
  gmail_attr: 'quote',
  gmail_signature: 'signature',
  gmail_signature_prefix: 'signature',
  // Thunderbird
  'moz-cite-prefix': 'quote',
  'moz-forward-container': 'quote',
  'moz-signature': 'signature',
  // Outlook on the web, for phones and for the Mac
  appendonsend: 'rest',
  divrplyfwdmsg: 'rest',
  'mail-editor-reference-message-container': 'rest',
  olk_src_body_section: 'rest',
  signature: 'signature',
  'ms-outlook-mobile-signature': 'signature',
  // Apple Mail
  applemailsignature: 'signature',
  // Yahoo, Proton, Zoho, Zimbra, Yandex
  yahoo_quoted: 'quote',
  ymail_android_signature: 'signature',
  protonmail_quote: 'quote',
  protonmail_signature_block: 'signature',
  zmail_extra: 'quote',
  zmail_extra_hr: 'quote',
};

/** Elements that have no end tag. */
const empty = new Set('area base br col embed hr img input link meta param source track wbr'.split(' '));

/** Outlook draws a line above the header of what it quotes: `border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm`. */
const outlookLine = /border:\s?none;\s{0,4}border-top:\s?solid #?\w{3,12} 1\.0pt;\s{0,4}padding:\s?3\.0pt 0/i;

function markOf(tag: Tag): Mark | null {
  if (tag.name === 'blockquote') {
    // Indented text, which mail programs write as a blockquote without a border.
    return /border:\s?none/i.test(attributeOf(tag, 'style')) && attributeOf(tag, 'type') === '' ? null : 'quote';
  }
  if (tag.attributes === '' || empty.has(tag.name)) return null;
  if (/\b(?:class|id)\s?=/i.test(tag.attributes))
    for (const name of `${attributeOf(tag, 'class')} ${attributeOf(tag, 'id')}`.toLowerCase().split(/\s+/)) {
      const mark = marks[name];
      if (mark !== undefined) return mark;
    }
  return tag.name === 'div' && outlookLine.test(tag.attributes) ? 'rest' : null;
}

/** Stands where a quotation was: a line of it, so that the line that announces it is recognised. */
const quoteLine = '<br>&gt;<br>';

/**
 * HTML without the quotations and signatures that its marks tell: each quotation is one line `>`. Understands any input; linear in its
 * length.
 */
export function withoutQuotes(html: string): string {
  let result = '';
  let from = 0;
  /** The element that is being left out, and how many of its name are open within. */
  let open = '';
  let depth = 0;
  for (const tag of tagsOf(html)) {
    if (open !== '') {
      if (tag.name !== open) continue;
      depth += tag.closing ? -1 : 1;
      if (depth > 0) continue;
      open = '';
      from = tag.end;
      continue;
    }
    const mark = tag.closing ? null : markOf(tag);
    if (mark === null) continue;
    result += html.slice(from, tag.start);
    if (mark !== 'signature') result += quoteLine;
    if (mark === 'rest') return result;
    from = html.length;
    open = tag.name;
    depth = 1;
  }
  return result + html.slice(from);
}
