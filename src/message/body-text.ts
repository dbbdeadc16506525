import { isAscii } from 'node:buffer';
import { decodeText } from './charsets.ts';
import type { Defects } from './defects.ts';
import { decodeFlowed } from './format-flowed.ts';
import { htmlToText } from './html-to-text.ts';
import { contentOf } from './leaf-content.ts';
import type { Leaf } from './mime-tree.ts';
import { clean } from './sanitize.ts';
import { mayHoldUuencoded, takeUuencoded, type UuencodedFile } from './uuencode.ts';

/** A text of the body, decoded. */
export interface BodyText {
  readonly type: 'text/plain' | 'text/html';
  readonly text: string;
  /** `format=flowed`: its lines are joined, and not as they were sent. */
  readonly flowed: boolean;
}

/** Bytes of one body that are read as text: a longer one takes many times its size in memory, and nobody wrote it. */
const largestText = 32 * 2 ** 20;

/** The whole lines of a body that are read. */
function withinLimit(bytes: Buffer, where: string, defects: Defects): Buffer {
  if (bytes.length <= largestText) return bytes;
  defects.add('TEXT_CUT', where);
  const end = bytes.lastIndexOf(0x0a, largestText - 1);
  return bytes.subarray(0, end > largestText / 2 ? end + 1 : largestText);
}

/** Bytes at the beginning of HTML that are searched for a charset (HTML Standard, prescan of a byte stream). */
const prescanned = 1_024;
const metaCharset = /<meta[^>]{0,200}?\bcharset\s{0,20}=\s{0,20}["']?([\w:.-]{1,40})/i;

/** Charset that HTML itself declares; it counts only where the part declares none. */
function charsetInHtml(bytes: Buffer): string {
  if (isAscii(bytes)) return '';
  const name = metaCharset.exec(bytes.toString('latin1', 0, prescanned))?.[1] ?? '';
  // What can be read as ASCII up to here is no UTF-16.
  return /^utf-?16/i.test(name) ? 'utf-8' : name;
}

/** Whether the lines of a text flow (RFC 3676 §4). */
export const isFlowed = ({ parameters }: Leaf): boolean => parameters.get('format')?.toLowerCase() === 'flowed';

/**
 * A body as text with LF: flowed lines joined, uuencoded files given to `take`.
 *
 * @param where what defects call it.
 */
export function decodeBody(
  raw: Buffer,
  leaf: Leaf,
  where: string,
  take: (file: UuencodedFile) => void,
  defects: Defects,
): string {
  const isHtml = leaf.type === 'text/html';
  let bytes = contentOf(raw, leaf, defects);
  if (!isHtml && mayHoldUuencoded(bytes)) {
    const { rest, files } = takeUuencoded(bytes, defects);
    bytes = rest;
    for (const file of files) take(file);
  }
  bytes = withinLimit(bytes, where, defects);
  let charset = leaf.parameters.get('charset') ?? '';
  if (isHtml && charset === '') charset = charsetInHtml(bytes);
  const text = decodeText(bytes, charset, where, defects);
  const flowed = !isHtml && isFlowed(leaf);
  const deleteSpace = leaf.parameters.get('delsp')?.toLowerCase() === 'yes';
  return clean(flowed ? decodeFlowed(text, deleteSpace) : text, where, defects);
}

const isBlank = (text: string): boolean => !/\S/.test(text);
const words = (text: string): string => text.replace(/\s+/g, '');
const behind = (text: string, next: string): string =>
  text === '' || text.endsWith('\n') ? text + next : `${text}\n${next}`;

/**
 * The texts of a body as one, each beginning on a line of its own; HTML becomes text. Left out are blank ones, and those that say
 * word by word what the one before says: a text and its HTML that somebody called mixed instead of alternatives.
 */
export function joinTexts(texts: readonly BodyText[], defects: Defects): string {
  const plain = ({ type, text }: BodyText) => (type === 'text/html' ? clean(htmlToText(text), 'text', defects) : text);
  const [only] = texts;
  if (only === undefined) return '';
  if (texts.length === 1) return plain(only);
  let result = '';
  let last = '';
  let lastType = '';
  for (const one of texts) {
    const text = plain(one);
    if (isBlank(text)) continue;
    const repeats = lastType !== '' && lastType !== one.type && words(last) === words(text);
    if (!repeats) result = behind(result, text);
    last = text;
    lastType = one.type;
  }
  return result === '' ? plain(only) : result;
}

/** The HTML of a body as one. */
export const joinHtml = (texts: readonly BodyText[]): string =>
  texts.reduce((result, { type, text }) => (type === 'text/html' ? behind(result, text) : result), '');

/** `text`, or what the HTML says when nothing is in it. */
export const textOrHtml = (text: string, html: string, defects: Defects): string =>
  html !== '' && isBlank(text) ? clean(htmlToText(html), 'text', defects) : text;
