/** What a mailing list says of itself in its header (RFC 2369, RFC 2919, RFC 8058). What is absent is empty. */
export interface MailingList {
  /** List-Id without angle brackets: `announce.example.org`. */
  readonly id: string;
  /** Words before the id. */
  readonly name: string;
  /** Where to post; empty too where the list takes no posts (`NO`). */
  readonly post: string;
  /** Ways to leave the list, in the sender's order of preference. */
  readonly unsubscribe: readonly string[];
  /** Address that a POST of `List-Unsubscribe=One-Click` unsubscribes at (RFC 8058); its DKIM signature is not looked at. */
  readonly unsubscribeOneClick: string;
  /** Where to join it. */
  readonly subscribe: string;
  /** Where its past messages stand. */
  readonly archive: string;
  /** Where instructions are to be had. */
  readonly help: string;
  /** Where to reach a person. */
  readonly owner: string;
}

type Headers = ReadonlyMap<string, readonly string[]>;

const names = new Set([
  'list-id',
  'list-unsubscribe',
  'list-post',
  'list-archive',
  'list-help',
  'list-owner',
  'list-subscribe',
]);

/** Whether a header field of that lower-case name tells of a list. */
export const isListField = (name: string): boolean => name.startsWith('list-') && names.has(name);

/** URLs of one header that are kept, and the longest of them in UTF-16 units. */
const maxUrls = 8;
const maxUrl = 2_048;

const isUrl = (text: string): boolean => /^[a-z][a-z0-9+.-]{1,30}:\S/i.test(text) && text.length <= maxUrl;

/** The URLs in angle brackets, in their order; a URL that stands alone without them counts as well. */
function urls(headers: Headers, name: string): readonly string[] {
  const found: string[] = [];
  for (const value of headers.get(name) ?? []) {
    let open = value.indexOf('<');
    if (open === -1 && isUrl(value)) found.push(value);
    while (open !== -1 && found.length < maxUrls) {
      const close = value.indexOf('>', open);
      if (close === -1) break;
      const url = value.slice(open + 1, close).replace(/\s+/g, '');
      if (isUrl(url)) found.push(url);
      open = value.indexOf('<', close);
    }
  }
  return found.slice(0, maxUrls);
}

/** The phrase and the id of a List-Id. */
function identity(value: string): Pick<MailingList, 'id' | 'name'> {
  const open = value.lastIndexOf('<');
  const close = open === -1 ? -1 : value.indexOf('>', open);
  if (close === -1) return { id: value.replace(/[<>\s]+/g, ''), name: '' };
  const name = value.slice(0, open).trim();
  return { id: value.slice(open + 1, close).replace(/\s+/g, ''), name: /^"(.*)"$/s.exec(name)?.[1] ?? name };
}

/** What the list headers of a message say; all empty when it has none. */
export function listHeaders(headers: Headers): MailingList {
  const first = (name: string) => urls(headers, name)[0] ?? '';
  const unsubscribe = urls(headers, 'list-unsubscribe');
  const post = headers.get('list-unsubscribe-post')?.[0] ?? '';
  const oneClick = /^\s*list-unsubscribe\s*=\s*one-click\s*$/i.test(post);
  return {
    ...identity(headers.get('list-id')?.[0] ?? ''),
    post: first('list-post'),
    unsubscribe,
    unsubscribeOneClick: (oneClick && unsubscribe.find((url) => /^https:/i.test(url))) || '',
    subscribe: first('list-subscribe'),
    archive: first('list-archive'),
    help: first('list-help'),
    owner: first('list-owner'),
  };
}
