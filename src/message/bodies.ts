import { unpackedAttachment } from './attachment.ts';
import { type FoundBodies, findBodies, type PlacedBody, type ReadAttachment } from './body-parts.ts';
import { type BodyText, decodeBody, isFlowed, joinHtml, joinTexts, textOrHtml } from './body-text.ts';
import type { Defects } from './defects.ts';
import type { Attachment, ParsedMessage, ParseLimits } from './message.ts';
import type { Part } from './mime-tree.ts';
import { clean } from './sanitize.ts';
import type { UuencodedFile } from './uuencode.ts';

/** What stands in a message's body. */
export interface Bodies extends Pick<ParsedMessage, 'text' | 'html' | 'protection' | 'messageClass'> {
  /** Decodes the attachments; what is repaired in them is among the defects from then on. */
  readonly attachments: () => readonly Attachment[];
}

/** The texts of a body, and the files that stood in them. */
interface ReadTexts {
  readonly text: readonly BodyText[];
  readonly html: readonly BodyText[];
  readonly attachments: readonly ReadAttachment[];
}

/** Decodes what was found, each body once. */
function readTexts(found: FoundBodies, defects: Defects): ReadTexts {
  const attachments: ReadAttachment[] = [];
  const take = ({ name, content }: UuencodedFile) => {
    const file = { filename: name, contentType: 'application/octet-stream', contentId: '', inline: false, content };
    attachments.push(() => unpackedAttachment(file, 'uuencode', defects));
  };
  const decode = ({ bytes, leaf }: PlacedBody): BodyText =>
    leaf.type === 'text/html'
      ? { type: 'text/html', text: decodeBody(bytes, leaf, 'html', take, defects), flowed: false }
      : { type: 'text/plain', text: decodeBody(bytes, leaf, 'text', take, defects), flowed: isFlowed(leaf) };
  const text = found.text.map(decode);
  const html: BodyText[] = [];
  for (const body of found.html) {
    if (body.leaf.type !== 'text/html') continue;
    html.push(text[found.text.indexOf(body)] ?? decode(body));
  }
  return { text, html, attachments };
}

/**
 * Text, HTML and attachments of a message, and how it is protected. Attachments keep their hash, not their content. What
 * is packed in it beyond the limits stays packed (`UNPACK_LIMIT`).
 */
export function readBodies(raw: Buffer, tree: Part, limits: ParseLimits, defects: Defects): Bodies {
  const found = findBodies(raw, tree, limits, defects);
  const read = readTexts(found, defects);
  for (const { type, text } of read.text) if (type === 'text/plain') found.protection.text(text);
  const common = {
    attachments: () => [...found.attachments, ...read.attachments].map((attachment) => attachment()),
    protection: found.protection.found,
    messageClass: found.tnef?.messageClass ?? '',
  };
  const html = joinHtml(read.html);
  const text = textOrHtml(joinTexts(read.text, defects), html, defects);
  if (found.tnef === null || text !== '' || html !== '') return { text, html, ...common };
  const markup = clean(found.tnef.html.replaceAll('\r\n', '\n'), 'html', defects);
  const plain = clean(found.tnef.text.replaceAll('\r\n', '\n'), 'text', defects);
  return { text: textOrHtml(plain, markup, defects), html: markup, ...common };
}

/** The texts that a message's `text` is joined of, in their order. */
export const readBodyTexts = (raw: Buffer, tree: Part, limits: ParseLimits, defects: Defects): readonly BodyText[] =>
  readTexts(findBodies(raw, tree, limits, defects), defects).text;
