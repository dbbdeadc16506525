/** Why mail came back, in the vocabulary of Sisimai. */
export const reasons = {
  authfailure: 'Set up SPF, DKIM and DMARC for the sender’s domain so that the receiver can authenticate the mail.',
  badreputation: 'Send less and cleaner mail from this address block until its reputation recovers.',
  blocked: 'The receiver refuses the sending host; ask for its removal from the block list that is named.',
  contenterror: 'Repair the message: its encoding, headers or MIME structure are not accepted.',
  delivered: 'Nothing to do: the message was delivered.',
  exceedlimit: 'Send a smaller message, or fewer: a limit of the recipient’s was exceeded.',
  expired: 'Try again later; the receiving host could not be reached for too long.',
  failedstarttls: 'Repair TLS between the two hosts, or its requirement.',
  feedback: 'The recipient complained; stop sending to this address.',
  filtered:
    'The recipient’s system accepted the address and then refused the mail; ask the recipient to let it through.',
  hasmoved: 'Stop using the address; ask the recipient for the new one.',
  hostunknown: 'Correct the domain of the address; it does not exist.',
  mailboxfull: 'Try again later; the recipient must make room.',
  mailererror: 'The program that delivers for the recipient failed; tell its postmaster.',
  mesgtoobig: 'Send a smaller message.',
  networkerror: 'Try again later; a name server or the network failed.',
  norelaying: 'Send through a server that may relay for the sender, or correct the recipient’s MX record.',
  notaccept: 'Stop sending to this domain; it accepts no mail.',
  notcompliantrfc: 'Repair the message: it breaks RFC 5322.',
  onhold: 'Look at the diagnostic text: it tells too little to be classified.',
  policyviolation: 'Change the message: it breaks a policy of the receiver.',
  rejected: 'The receiver refuses the sender’s address; use one that exists and is allowed to send there.',
  requireptr: 'Give the sending address a PTR record that matches its name.',
  securityerror: 'The receiver demands authentication or authority that the sender lacks.',
  spamdetected: 'The receiver took the message for spam; change its content.',
  speeding: 'Send more slowly; a rate limit was exceeded.',
  suspend: 'The recipient’s account is disabled; stop sending until the recipient confirms it.',
  syntaxerror: 'The two mail servers disagree about SMTP; tell the postmaster of the sending one.',
  systemerror: 'Try again later; the receiving system had an error.',
  systemfull: 'Try again later; the receiving system has no room.',
  toomanyconn: 'Use fewer connections and recipients at a time.',
  undefined: 'The report names no reason.',
  userunknown: 'Remove the address; it does not exist.',
  vacation: 'The recipient is away; nothing to do.',
  virusdetected: 'The receiver found a virus; look at the message before sending anything again.',
} as const;

export type Reason = keyof typeof reasons;

/** What failed for now is something else than the address (RFC 3463 §3). */
const passing = /^4\.[2-7]\./;

/**
 * What the sender should do, in one sentence.
 *
 * @param status enhanced status code, where it tells more than the reason.
 */
export function adviceFor(reason: Reason, status = ''): string {
  if (reason === 'userunknown' && passing.test(status))
    return 'Try again later; the receiver does not find the address now.';
  if (reason !== 'notaccept') return reasons[reason];
  // The sender's own domain accepts no mail (RFC 7505 §4.2).
  if (status.endsWith('.7.27')) return 'Send from a domain that accepts mail: that of the sender has a null MX record.';
  return status.startsWith('4') ? 'Try again later; the receiver accepts no mail now.' : reasons.notaccept;
}

/**
 * Whether an address must not be tried again. Nobody is unknown for good where the enhanced code says that something else failed for now; a
 * domain that accepts no mail is hard only when the report says so for good.
 *
 * @param status enhanced status code (`5.1.1`).
 */
export const isHardBounce = (reason: Reason, status: string): boolean =>
  (reason === 'userunknown' && !passing.test(status)) ||
  reason === 'hostunknown' ||
  reason === 'hasmoved' ||
  (reason === 'notaccept' && !status.startsWith('4'));
