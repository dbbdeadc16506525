import { deliveryPhrases, recipientRefused, unknownUser, vaguePolicy } from './delivery-phrases.ts';
import { loosePhrases, looseUnknownUser } from './loose-phrases.ts';
import type { Notice } from './notice.ts';
import { phrases } from './phrases.ts';
import { reasonOfProvider } from './provider-codes.ts';
import { isHardBounce, type Reason } from './reasons.ts';
import type { SmtpCommand } from './smtp-reply.ts';
import { isExactStatus, isVagueStatus, reasonOfCategory, reasonOfStatus } from './status-reasons.ts';

/** What is known when a reason is sought. */
export interface Evidence {
  readonly notice: Notice;
  /** Enhanced status code of the message; empty when it has none. */
  readonly status: string;
  /** SMTP reply code that the diagnostic quotes, even one that contradicts the status; empty when there is none. */
  readonly replyCode: string;
  readonly command: SmtpCommand;
}

const allPhrases = [...phrases, ...deliveryPhrases];
const firstReply = /(?<![\w.@/#=-])[45]\d\d(?![\d.@\w])/;
const loopback = /connection refused by (?:\[?127\.|localhost|\[?::1)/;
const domainMissing = /[\w-]\.[a-z]{2,} does not exist/;
const disabledAccount = /\baccount is (?:disabled|suspended)/;
const transientDns = /nxdomain|domain name not found|host not found|dns soft error/;

/** Looked for at the beginning of words alone: within long ones it would take time. */
const address = /(?<![^\s<>"'(),;:@[\]])[^\s<>"'(),;:@[\]]{1,128}@[^\s<>"'(),;:@[\]]{1,255}/g;

/** Lower case, blanks collapsed, and without the codes that long replies repeat in every line. */
function normalise(text: string): string {
  let codes = 0;
  return (
    text
      .toLowerCase()
      .replace(/\s+/g, ' ')
      .replace(/[\u2018\u2019]/g, "'")
      .replace(/\b(do|does|did|is|was|has|have|could|ca)nt\b/g, "$1n't")
      .replace(/\bdosn't\b/g, "doesn't")
      // Names of people and of test addresses say nothing.
      .replace(address, 'a@b')
      .replace(/ [45]\d\d-(?:[45]\.\d+\.\d+ )?(?=\S)/g, (code) => (codes++ === 0 ? code : ' '))
      .trim()
  );
}

/** KDDI's hosts (ezweb.ne.jp, au.com) name an address that they do not have, and leave it out when its owner refuses. */
const tellsAtRcpt = (notice: Notice, text: string): boolean =>
  /[.@](?:ezweb\.ne\.jp|au\.com)\.?$/i.test(notice.remoteMta || notice.recipient) &&
  text.includes('<a@b>: user unknown');

/**
 * “Unknown user” means what it says when the code agrees, when RCPT was refused, or when the MTA that writes knows it
 * itself. A remote host that says so later has taken the recipient before: it filters.
 */
function unknownUserReason({ notice, status, replyCode, command }: Evidence, text: string): Reason {
  // A user whom the reply to a login names is the sender (RFC 4954 §6).
  if (/^53[458]$/.test(replyCode)) return 'securityerror';
  // A host that is asked for a recipient and says that it has no such mailbox knows the domain.
  if (command === 'RCPT' && status.endsWith('.1.2') && /\bmail ?box\b/.test(text)) return 'userunknown';
  if (/^[45]\.1\.[2678]$/.test(status)) return reasonOfStatus(status) ?? 'userunknown';
  if (/^[45]\.1\.(?:[0134]|10|35[01])$|^5\.4\.1$/.test(status) || tellsAtRcpt(notice, text)) return 'userunknown';
  if (command === 'RCPT') return 'userunknown';
  if (command === 'DATA' || status !== '') return replyCode === '' && command === '' ? 'userunknown' : 'filtered';
  return replyCode === '' ? 'userunknown' : 'filtered';
}

/** Whether the code says that a failure may pass. */
const mayPass = ({ status, replyCode }: Evidence): boolean => (status || replyCode).startsWith('4');

const unavailable = /\b(?:un|not )available\b/g;

/** Whether nobody has the address. A mailbox that is unavailable for now is there (RFC 5321 §4.2.3, 450). */
function tellsUnknown(evidence: Evidence, text: string): boolean {
  const forNow = mayPass(evidence) && !evidence.status.startsWith('4.1.');
  return unknownUser.test(forNow ? text.replace(unavailable, ' ') : text);
}

/** Postfix and those that copy it put this before what its maps and policies say. */
const postfixPrefix = /^(.*?)\brecipient(?: address)? rejected: (?=\S)(.*)$/;

function reasonOfText(evidence: Evidence, text: string): Reason | null {
  const prefixed = postfixPrefix.exec(text);
  if (prefixed === null) return reasonOfWords(evidence, text);
  return reasonOfWords(evidence, `${prefixed[1]}${prefixed[2]}`) ?? reasonOfWords(evidence, text);
}

function reasonOfWords(evidence: Evidence, text: string): Reason | null {
  const provider = reasonOfProvider(text) ?? (isExactStatus(evidence.status) ? reasonOfStatus(evidence.status) : null);
  if (provider !== null) return provider;
  for (const { reason, pattern } of allPhrases) {
    if (!pattern.test(text)) continue;
    if (reason === 'suspend' && evidence.status.endsWith('.1.1') && !/archived|disabled|suspended|locked/.test(text))
      continue;
    if (reason === 'blocked' && loopback.test(text)) continue;
    // A limit of the mailbox, not of the server (RFC 3463 §3.3).
    if (reason === 'mesgtoobig' && evidence.status.endsWith('.2.3')) return 'exceedlimit';
    // The name is the sending host’s as long as no recipient was named.
    if (reason === 'hostunknown' && (evidence.command === 'EHLO' || evidence.command === 'CONN')) return 'blocked';
    if (reason === 'hostunknown' && domainMissing.test(text) && evidence.command === 'MAIL') return 'rejected';
    if (reason === 'hostunknown' && evidence.status.startsWith('4') && transientDns.test(text)) return 'networkerror';
    // What a user is called stands in many sentences: who is unknown counts before what went wrong on the way.
    if (isAboutTheWay(reason) && tellsUnknown(evidence, text)) return unknownUserReason(evidence, text);
    return reason;
  }
  return tellsUnknown(evidence, text) ? unknownUserReason(evidence, text) : null;
}

/** Whether a failure is stated, by a field or a code, and no code tells more than that something was refused. */
const isUntold = ({ notice, status, replyCode }: Evidence): boolean =>
  `${notice.action}${status}${replyCode}` !== '' &&
  (status === '' || (isVagueStatus(status) && !/\.5\.\d$/.test(status))) &&
  !/^5[03]\d$/.test(replyCode);

function reasonOfLooseWords(evidence: Evidence, text: string): Reason | null {
  const found = loosePhrases.find(({ pattern }) => pattern.test(text))?.reason ?? null;
  const reason = found === null && looseUnknownUser.test(text) ? unknownUserReason(evidence, text) : found;
  // An address is not given up for loose words beside a code of what may pass.
  return reason !== null && mayPass(evidence) && isHardBounce(reason, '') ? null : reason;
}

const isAboutTheWay = (reason: Reason): boolean =>
  reason === 'expired' || reason === 'systemerror' || reason === 'syntaxerror' || reason === 'securityerror';

function reasonOfLocalMailer({ notice }: Evidence): Reason | null {
  const recipient = notice.recipient.startsWith('"|') ? '|' : notice.recipient;
  if (notice.diagnosticType !== 'x-unix' && !recipient.startsWith('|')) return null;
  const text = normalise(`${notice.diagnostic} ${notice.context}`);
  for (const reason of ['mailboxfull', 'systemfull'] as const)
    if (phrases.some((one) => one.reason === reason && one.pattern.test(text))) return reason;
  return 'mailererror';
}

function reasonOfReplyCode(code: string): Reason | null {
  if (code === '521' || code === '556') return 'notaccept';
  if (code === '552' || code === '422') return 'mailboxfull';
  if (code === '452') return 'systemfull';
  if (code === '551') return 'hasmoved';
  if (code === '530' || code === '534' || code === '535' || code === '538') return 'securityerror';
  if (code === '523') return 'failedstarttls';
  return /^50[0-4]$|^555$/.test(code) ? 'syntaxerror' : null;
}

/** Classifies one recipient's failure by what is most specific: the receiver's own code, words, status, command, reply. */
export function classify(evidence: Evidence): Reason {
  const { notice, status, replyCode, command } = evidence;
  if (/^(?:delivered|relayed|expanded)$/.test(notice.action) || status.startsWith('2')) return 'delivered';
  const local = reasonOfLocalMailer(evidence);
  if (local !== null) return local;
  const whole = normalise(notice.diagnostic);
  const start = whole.search(firstReply);
  // The reply itself says more than the MTA's sentence around it.
  const text = start > 0 ? whole.slice(start) : whole;
  const said = reasonOfText(evidence, text);
  const around = start > 0 ? reasonOfText({ ...evidence, replyCode: '' }, whole.slice(0, start)) : null;
  // “Service unavailable” is what an MTA makes of a local program's words.
  if (said === 'systemerror' && around !== null && around !== 'expired') return around;
  if (said === 'userunknown' && disabledAccount.test(normalise(notice.context))) return 'suspend';
  if (said === 'filtered' && reasonOfCategory(notice.category) === 'userunknown') return 'userunknown';
  if (said !== null) return said;
  const early = command === 'CONN' || command === 'EHLO' ? 'blocked' : command === 'MAIL' ? 'rejected' : null;
  if (early !== null && (status === '' || isVagueStatus(status)) && replyCode !== '') return early;
  const loosely = isUntold(evidence) ? reasonOfLooseWords(evidence, text) : null;
  if (loosely !== null) return loosely;
  const byStatus = reasonOfStatus(status);
  if (byStatus !== null && !/\.1\.0$/.test(status)) return byStatus;
  const byCategory = reasonOfCategory(notice.category);
  if (byCategory !== null) return byCategory;
  if (recipientRefused.test(text) && (replyCode.startsWith('5') || `${replyCode}${status}` === ''))
    return unknownUserReason(evidence, text);
  if (vaguePolicy.test(text)) return 'policyviolation';
  if (byStatus !== null) return byStatus;
  const byContext = around ?? reasonOfText(evidence, normalise(notice.context));
  const byCode = reasonOfReplyCode(replyCode);
  if (byCode !== null) return byCode;
  if (byContext !== null) return byContext;
  if (notice.action === 'delayed' || notice.action === 'expired') return 'expired';
  return notice.recipient === '' && notice.diagnostic === '' ? 'undefined' : 'onhold';
}
