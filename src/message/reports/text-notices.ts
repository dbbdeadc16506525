import { bareAddress, emptyNotice, maxDiagnostic, maxRecipients, type Notice } from './notice.ts';
import { readCommand, readReply } from './smtp-reply.ts';
import { type Exchange, readTranscript } from './transcript.ts';

interface Draft {
  readonly recipient: string;
  /** Lines of its own. */
  text: string;
}

/** Source of a pattern for an address in a text. */
export const address = String.raw`(?:"[^"<>@\n]{1,64}"|[^\s<>"'()[\]:;,@]{1,64}(?:(?<=[\w.])'[^\s<>"'()[\]:;,@]{1,64}){0,2})@(?:\[[^\s\][<>]{1,64}\]|[^\s<>"'()[\]:;,@]{1,255})`;
/** A line that begins with the recipient, bare, quoted, in brackets, as an item of a list, or behind a reply code. */
const leading = new RegExp(
  String.raw`^\s*(?:[*•>-]{1,3}\s+|\d{1,3}[.)]\s+|(?:recipient\s*:\s*)?\[?smtp[:=]|(?:[a-z]{1,4}=[^;=\n]{0,64};){1,12}dda:smtp=|recipient\s*:\s*|(\d{3} (?:\d\.\d+\.\d+ )?))?["'<]?(${address})[>"']?(?:<mailto:[^>]*>)?(?=\s|$|[:,.;([\]])(.*)$`,
  'i',
);
/** Words of MTAs' templates that stand before a recipient within a line. */
const announced = new RegExp(
  String.raw`(?:\b(?:undeliverable|deliver(?:y|ed|ing)?)\b(?: \w+){0,4} to|delivery failed(?: \d+ attempts)?|delivery has failed to|failed recipients?|unknown (?:user|host)|no such user|user unknown|(?:rejected|invalid|following|failed) recipients?(?:\(s\))?(?: \w+){0,2}|\baddress|\brcpt(?: to|=\[)|mailing list|\buser [^()\n]{0,60}\(|sent to|(?:message|mail) to|(?:size|quota|full|exist|unavailable|invalid|disabled|undeliverable)[^:@]{0,30}:)\s*[:-]?\s*[<"'(]{0,2}(${address})`,
  'i',
);
/** A line that only names its recipient: the reason stands elsewhere. */
const onlyNames = new RegExp(
  String.raw`^\s*(?:rcpt to|(?:failed )?(?:recipient|address)(?: address)?)\s*:\s*[<"']?${address}[>"']?\s*$`,
  'i',
);
/** Exim and its relatives: items of two blanks behind this line need not be addresses. */
const listBegins =
  /(?:address(?:es|\(es\))?|recipients?(?:\(s\))?)\b.{0,60}\b(?:failed|is|are)\s*:\s*$|undeliverable to the following:\s*$|following recipients? could not be delivered\b.{0,200}:\s*$/i;
const eximItem = /^ {2}(\S.*)$/;
/** Exim: the address whose alias or filter made the pipe, file or autoreply that stands in its place. */
const generator = new RegExp(String.raw`^\s*\(?(?:ultimately )?generated (?:by|from)\s+<?(${address})>?\)?\s*$`, 'i');
/** GroupWise and AOL: behind a line such as “undeliverable to the following:”, names of their own users, perhaps with the reason. */
const userItem = /^\t([\w.+-]{1,64})(?: (\(.{1,300}\)))?\s*$/;
/** Exchange 5.5: the name under which its directory knows a recipient, with the time of the attempt. */
const exchangeItem = /^\s*(\S[^@:;\n]{0,80}) on \w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}\s*$/;
/** Exchange: a display name with the address. */
const namedItem = new RegExp(String.raw`^\s*[^@<>():]{1,80} \((${address})\)(?:<mailto:[^>]*>)?\s*$`);
const exchangeList = /did not reach the following recipient/i;
/** What an address begins with that Exchange made of a name of its directory. */
const directoryName = 'IMCEAEX-';
/** Another recipient of the same line. */
const another = new RegExp(String.raw`^>?\s*[,;]\s*["'<]?(${address})[>"']?(?=\s|$|[:,;])`);
/** What stands before an address that is no recipient's. */
const otherFollows =
  /\b(?:(?:message|mail) (?:sent )?(?:by|from)|(?:to|at) the address|contact|(?:write|reply) to)\s*:?$/i;
const success = /^\s*(?:<<<|Out:)\s*[23]\d\d/;

/** Reads the recipients and what stands with them out of a notice's lines. */
class NoticeReader {
  readonly #drafts = new Map<string, Draft>();
  readonly #ignored: ReadonlySet<string>;
  #current: Draft | null = null;
  #preamble = '';
  #previous = '';
  #inList = false;
  #inExchange = false;

  constructor(ignored: ReadonlySet<string>) {
    this.#ignored = ignored;
  }

  read(lines: readonly string[]): void {
    for (const line of lines) {
      if (success.test(line)) continue;
      const trimmed = line.trim();
      if (trimmed === '') continue;
      this.#line(line.length > 2_000 ? line.slice(0, 2_000) : line);
      if (this.#inList && !/^(?: {2}|\t)/.test(line)) this.#inList = false;
      if (listBegins.test(`${this.#previous} ${trimmed}`)) this.#inList = true;
      if (exchangeList.test(trimmed)) this.#inExchange = true;
      this.#previous = trimmed.slice(-120);
    }
  }

  #line(line: string): void {
    const addressed = line.includes('@');
    const item = addressed ? namedItem.exec(line) : null;
    if (item !== null && this.#take(item[1] ?? '', '')) return;
    const start = addressed ? leading.exec(line) : null;
    if (start !== null) {
      // A reply that begins a line names the address in its text.
      const rest = start[1] === undefined ? (start[3] ?? '').replace(/^\s*:/, '') : line;
      if (this.#take(start[2] ?? '', otherFollows.test(this.#previous) ? null : rest)) return;
    }
    const within = addressed && start === null ? announced.exec(line) : null;
    if (within !== null && this.#take(within[1] ?? '', onlyNames.test(line) ? '' : line)) return;
    if (addressed && this.#generated(generator.exec(line)?.[1])) return;
    const named = this.#inExchange ? exchangeItem.exec(line) : null;
    if (named !== null) {
      this.#open(named[1] ?? '', '');
      return;
    }
    const member = this.#inList ? userItem.exec(line) : null;
    if (member !== null) {
      this.#open(member[1] ?? '', member[2] ?? '');
      return;
    }
    const exim = this.#inList ? eximItem.exec(line) : null;
    if (exim !== null && !/^\s/.test(exim[1] ?? '')) {
      this.#open(exim[1] ?? '', '');
      return;
    }
    this.#append(line);
  }

  /** Whether the line was used up; one with an address that is no recipient's belongs to the text. */
  #take(found: string, rest: string | null): boolean {
    const recipient = bareAddress(found);
    if (rest === null || this.#ignored.has(recipient.toLowerCase())) return false;
    let left = rest;
    this.#open(recipient, '');
    for (let next = another.exec(left); next !== null; next = another.exec(left)) {
      this.#open(next[1] ?? '', '');
      left = left.slice(next[0].length);
    }
    this.#append(left.replace(/^\s*:/, ''));
    return true;
  }

  /** Whether the line names the address that stands behind a pipe or file, which is the recipient then. */
  #generated(found: string | undefined): boolean {
    const item = this.#current;
    if (found === undefined || item === null || item.recipient.includes('@')) return false;
    this.#drafts.delete(item.recipient.toLowerCase());
    this.#open(found, `${item.recipient}\n${item.text}`);
    return true;
  }

  /** The recipient that is meant: Exchange names the only one again by its directory's name. */
  #meant(found: string): string {
    if (!found.startsWith(directoryName)) return found;
    const [only, ...others] = [...this.#drafts.values()].filter((one) => !one.recipient.startsWith(directoryName));
    return only !== undefined && others.length === 0 ? only.recipient : found;
  }

  #open(found: string, rest: string): void {
    const recipient = this.#meant(found);
    const key = recipient.toLowerCase();
    const known = this.#drafts.get(key);
    if (known === undefined && this.#drafts.size >= maxRecipients) return;
    const draft = known ?? { recipient, text: '' };
    this.#drafts.set(key, draft);
    this.#current = draft;
    this.#append(rest);
  }

  #append(line: string): void {
    const text = line.trim();
    if (text === '') return;
    if (this.#current === null) {
      if (this.#preamble.length < maxDiagnostic) this.#preamble += `${text}\n`;
    } else if (this.#current.text.length < maxDiagnostic) this.#current.text += `${text}\n`;
  }

  notices(): readonly Notice[] {
    const quoted = readReply(this.#preamble).code !== '';
    const drafts = [...this.#drafts.values()];
    return drafts.map(({ recipient, text: own }, i) => {
      // Recipients that stand together share what follows them.
      const text = own === '' ? (drafts.slice(i + 1, i + 64).find((one) => one.text !== '')?.text ?? '') : own;
      // Some name the recipient behind the reason.
      const before = quoted && readReply(text).code === '';
      const diagnostic = before ? this.#preamble : text;
      const context = before ? text : this.#preamble;
      return { ...emptyNotice, recipient, diagnostic: diagnostic.trim(), command: readCommand(diagnostic), context };
    });
  }
}

/** Recipients that the transcript of a session names, each with the reply that decided about it. */
function fromTranscript(exchanges: readonly Exchange[]): readonly Notice[] {
  const found = new Map<string, Notice>();
  for (const { command, addresses, remoteMta, reply, own } of exchanges) {
    if (own === '' && command !== 'RCPT' && command !== 'DATA') continue;
    const diagnostic = reply === '' ? own : `${reply}\n${own}`;
    for (const recipient of own === '' ? addresses : addresses.slice(0, 1)) {
      const before = found.get(recipient);
      // The first verdict about a recipient stands; a reply says more than the MTA's own words.
      if (before === undefined ? found.size < maxRecipients : before.command === '' && command !== '')
        found.set(recipient, { ...emptyNotice, recipient, remoteMta, command, diagnostic });
    }
  }
  return [...found.values()];
}

export interface TextNotices {
  readonly notices: readonly Notice[];
  readonly exchanges: readonly Exchange[];
}

/**
 * Recipients in the text of a notice that follows no standard: those of the session's transcript, or those that lines
 * begin with or announce.
 *
 * @param ignored lower-case addresses that are nobody's recipient, such as the one whom the notice was sent to.
 */
export function readTextNotices(lines: readonly string[], ignored: ReadonlySet<string>): TextNotices {
  const exchanges = readTranscript(lines);
  const session = fromTranscript(exchanges).filter((notice) => !ignored.has(notice.recipient));
  if (session.length > 0) return { notices: session, exchanges };
  const reader = new NoticeReader(ignored);
  reader.read(lines);
  return { notices: reader.notices(), exchanges };
}
