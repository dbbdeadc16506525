/** The SMTP command that was refused; `CONN` is the greeting, `DATA` also the end of data. */
export type SmtpCommand = '' | 'CONN' | 'EHLO' | 'STARTTLS' | 'AUTH' | 'MAIL' | 'RCPT' | 'DATA';

export interface SmtpReply {
  /** Three digits, or empty. */
  readonly code: string;
  /** Enhanced status code (RFC 3463), or empty. */
  readonly status: string;
}

/** Reply codes that RFC 5321, its extensions and the IANA enhanced status registry use for failures, and 25x for success. */
const codes = new Set(
  (
    '250 251 252 421 422 430 432 450 451 452 453 454 455 458 459 500 501 502 503 504 521 523 524 525 530 533 534 535 ' +
    '538 550 551 552 553 554 555 556 557'
  ).split(' '),
);

export const isReplyCode = (code: string): boolean => codes.has(code);

// A code of three digits that stands alone, and the enhanced code behind it where one does. Exchange writes `#550 5.1.1`; elsewhere what
// follows `#` is the number of a case.
const reply =
  /(?:(?<![\w.@/#=-])|(?<=(?:^|[\s<])#)(?=\d{3}[ -][245]\.\d))([245]\d\d)(?![\d.@\w])(?:[ \t]*[-:][ \t]*|[ \t]+)?['"(#[]{0,3}(?:(?:[245]\d\d)[- ])?(?:([245]\.\d{1,3}\.\d{1,3})(?![\d.]\d|\d))?/g;
const bare = /(?<![\w./@-])([245]\.\d{1,3}\.\d{1,3})(?![\w@]|\.\d|-\d)/g;

const empty: SmtpReply = { code: '', status: '' };

/**
 * The reply in a diagnostic text: of several the innermost, which the text quotes last, one with an enhanced code before
 * one without. Replies of success count only when there are no others.
 */
export function readReply(text: string): SmtpReply {
  let full = empty;
  // 554 says that something failed; what it quotes says what.
  let plain = empty;
  let success = empty;
  for (const match of text.matchAll(reply)) {
    const code = match[1] ?? '';
    const status = match[2] ?? '';
    if (!codes.has(code)) {
      if (status !== '' && full.status === '') full = { code: '', status };
      continue;
    }
    if (code.startsWith('2')) success = { code, status };
    // Of several a status that says nothing more is what an MTA adds to the reply it got.
    else if (status !== '' && !(full.code !== '' && /\.0\.0$/.test(status))) full = { code, status };
    else if (status !== '') continue;
    else if (plain.code === '' || plain.code === '554') plain = { code, status };
  }
  let status = full.status;
  if (status === '')
    for (const match of text.matchAll(bare)) {
      const found = match[1] ?? '';
      if (!found.startsWith('2') || success.code !== '') status = found;
      if (status !== '' && !/\.0\.0$/.test(status)) break;
    }
  if (full.code !== '') return full;
  if (plain.code !== '') return { code: plain.code, status };
  if (status !== '') return { code: success.code !== '' && status.startsWith('2') ? success.code : '', status };
  return success;
}

const commands: readonly (readonly [SmtpCommand, RegExp])[] = [
  // Exim, Postfix, sendmail, qmail-remote, DragonFly, Yahoo, m-FILTER and others name the command each in its own way.
  [
    'RCPT',
    /(?:>>>|in reply to|after|response to|like our|following|command|smtp:|in:|for|sent:)\s*rcpt\b|\brcpt to (?:generated|returned)|[[(]rcpt[ _]to|does not like recipient/,
  ],
  [
    'MAIL',
    /(?:>>>|in reply to|after|response to|like our|following|command|smtp:|in:|for|sent:)\s*mail(?:[ _](?:from|command)|$)|\bmail from (?:generated|returned)|[[(]mail[ _]from|sender was rejected/,
  ],
  [
    'DATA',
    /(?:>>>|in reply to|after|response to|like our|following|command|smtp:|in:|step:|final)\s*(?:pipelined |the )?(?:final )?(?:data\b|end of data|sending data|bdat\b|message body)|failed after i sent the message|failed on data command|\bdata (?:generated|returned) |after (?:the )?transfer of (?:the )?mail text/,
  ],
  [
    'EHLO',
    /(?:>>>|in reply to|after|response to|like our|following|command|smtp:|in:)\s*(?:ehlo|helo|lhlo)\b|my name was rejected|performing the (?:ehlo|helo) handshake/,
  ],
  ['STARTTLS', /(?:>>>|in reply to|after|response to|following|command|in:)\s*starttls\b/],
  ['AUTH', /(?:>>>|in reply to|after|response to|following|command|in:)\s*auth\b/],
  [
    'CONN',
    /after (?:initial connection|connect)|refused to talk to me|greeting failed|(?:>>>|in reply to|like our)\s*(?:connect|banner|greeting)/,
  ],
];

/** The SMTP command that a text of an MTA says was refused; the last one where it names several. */
export function readCommand(text: string): SmtpCommand {
  const lower = text.toLowerCase();
  let found: SmtpCommand = '';
  let at = -1;
  for (const [command, pattern] of commands) {
    const position = lower.search(pattern);
    if (position > at) {
      found = command;
      at = position;
    }
  }
  return found;
}

/** Each begins at a word of its own, so that no text is looked at twice. */
const hosts: readonly RegExp[] = [
  // Exim and Postfix; Google.
  /\b(?:host|by) ([\w-][\w.-]{0,254}?)\.? ?\[[\da-f.:]{3,45}\]/i,
  // DragonFly.
  /^([\w-][\w.-]{0,254}?)\.? \[[\da-f.:]{3,45}\] did not like /im,
  // qmail.
  /^(?:connected to )?((?:\d{1,3}\.){3}\d{1,3}) (?:but |does not like |failed on |failed after |sent )/im,
];

/** The remote host as a text of an MTA names it, an address where there is no name; empty when it names none. */
export function readHost(text: string): string {
  for (const pattern of hosts) {
    const host = pattern.exec(text)?.[1];
    if (host !== undefined) return host;
  }
  return '';
}
