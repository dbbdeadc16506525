/**
 * Lines of a bounce's text before the message it returns. The marks are those of the MTAs' own templates: a line of
 * dashes with words, or words alone, that announce the copy.
 */
const marks = [
  /^[-=_*#\s]*(?:(?:this|below this line|below|here|enclosed|included|attached) is an? (?:copy|original)|(?:the )?(?:header|headers) of the (?:original|message|returned))/,
  /^[-=_*#\s]*(?:begin(?:ning)? of )?(?:the )?(?:original|returned|unsent|undelivered|undeliverable|rejected|bounced) (?:message|mail|e-mail|email)(?: (?:header|headers|text|text follows|info|body|is|follows|contents?|attached))*(?: follows?)?[-=_*#\s:.]*$/,
  /^[-=_*#\s]*(?:message|mail) headers?(?: follows?| lines)?[-=_*#\s:.]*$/,
  /^[-=_*#\s]*(?:the )?(?:original )?message (?:headers? )?(?:follows|was attached)[-=_*#\s:.]*$/,
  /^[-=_*#\s]*original (?:message|mail) (?:headers?|info)[-=_*#\s:.]*$/,
];

/** What every mark has in it: most lines need no closer look. */
const word = /copy|original|header|message|mail|returned|unsent|undeliver|rejected|bounced/i;

/** A title of the notice itself: nothing says that something follows. */
const title = /^\s*(?:undeliverable|undelivered|returned|rejected|bounced) (?:mail|message|e-mail|email)\s*$/i;

/** Fields that only a returned message's header begins with. */
const header = /^(?:Received|Return-Path|DKIM-Signature|X-Originating-IP)\s*:/i;
/** Most lines of a text that are looked at. */
const maxLines = 2_000;

export interface NoticeLines {
  readonly lines: readonly string[];
  /** What follows the mark: the original message or its header, as text. */
  readonly rest: string;
}

/** Splits a bounce's text where the returned message begins. Linear in the length of `text`. */
export function splitNotice(text: string): NoticeLines {
  const all = text.split('\n', maxLines);
  let content = false;
  for (let i = 0; i < all.length; i++) {
    const line = all[i] ?? '';
    if (line.trim() === '') continue;
    // Long lines are no marks: a mark is a few words.
    const marked =
      content &&
      line.length < 160 &&
      word.test(line) &&
      !title.test(line) &&
      marks.some((mark) => mark.test(line.trim().toLowerCase()));
    if (marked || (content && header.test(line)))
      return { lines: all.slice(0, i), rest: all.slice(marked ? i + 1 : i).join('\n') };
    content = true;
  }
  return { lines: all, rest: '' };
}
