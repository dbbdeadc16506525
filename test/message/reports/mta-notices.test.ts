import { describe, expect, test } from 'vitest';
import { deliveryStatus } from '../../../src/message/reports/delivery-status.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { only, report, textBounce } from './messages.ts';

/** Recipient, enhanced status code, command and reason, as a notice tells them. */
type Verdict = readonly [recipient: string, status: string, command: string, reason: string];

/** Whole notices by their MTAs' documentation, for several recipients where these have them. */
const notices: readonly (readonly [mta: string, text: string, verdicts: readonly Verdict[]])[] = [
  [
    'Exchange 5.5',
    `Your message

  To:      joe@dest.test; ann@dest.test
  Subject: hello
  Sent:    Mon, 2 Nov 1998 10:00:00 -0500

did not reach the following recipient(s):

joe@dest.test on Mon, 2 Nov 1998 10:00:05 -0500
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=us;a= ;p=org;l=SERVER9811021500ABCDEF
    MSEXCH:IMS:Org:Site:SERVER 0 (000C05A6) Unknown Recipient

ann@dest.test on Mon, 2 Nov 1998 10:00:05 -0500
    The recipient's mailbox is full
    MSEXCH:IMS:Org:Site:SERVER 3552 (000B09B6) 552 5.2.2 mailbox full
`,
    [
      ['joe@dest.test', '5.0.0', '', 'userunknown'],
      ['ann@dest.test', '5.2.2', '', 'mailboxfull'],
    ],
  ],
  [
    'GroupWise, its own users',
    `The message that you sent was undeliverable to the following:

\tjoe (user not found)
\tann (mailbox full)
\tbob@other.test (Transfer Failed: 550 5.7.1 relaying denied)

Possibly truncated original message follows:

Received: from origin.test
`,
    [
      ['joe', '5.0.0', '', 'userunknown'],
      ['ann', '5.0.0', '', 'mailboxfull'],
      ['bob@other.test', '5.7.1', '', 'norelaying'],
    ],
  ],
  [
    'CommuniGate',
    `Failed to deliver to '<joe@dest.test>'
SMTP module(domain dest.test) reports:
 host mx.dest.test says:
 550 5.1.1 user unknown
`,
    [['joe@dest.test', '5.1.1', '', 'userunknown']],
  ],
  [
    'AsyncOS',
    `The following message to <joe@dest.test> was undeliverable.
The reason for the problem:
5.1.0 - Unknown address error 550-'5.1.1 <joe@dest.test>: Recipient address rejected: User unknown'
`,
    [['joe@dest.test', '5.1.1', '', 'userunknown']],
  ],
  [
    'hMailServer',
    `Your message did not reach some or all of the intended recipients.

   Sent: Mon, 2 Nov 2026
   Subject: hello

The following recipient(s) could not be reached:

joe@dest.test
   Error Type: SMTP
   Remote server (192.0.2.1) issued an error.
   hMailServer sent: RCPT TO:<joe@dest.test>
   Remote server replied: 550 User unknown
`,
    [['joe@dest.test', '5.0.0', 'RCPT', 'userunknown']],
  ],
  [
    'Exchange Server 2010, its text alone',
    `Delivery has failed to these recipients or groups:

joe@dest.test<mailto:joe@dest.test>
The e-mail address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: mail.dest.test

joe@dest.test
#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##

Original message headers:

Received: from x by y; Mon
`,
    [['joe@dest.test', '5.1.1', '', 'userunknown']],
  ],
  [
    'MailMarshal',
    `Your message: "hello"
Could not be delivered because of

550 5.2.2 Mailbox is full

The following recipients were affected:
    joe@dest.test

`,
    [['joe@dest.test', '5.2.2', '', 'mailboxfull']],
  ],
  [
    'IMail',
    'User mailbox exceeds allowed size: joe@dest.test\n\nOriginal message follows.\n\nReceived: from x\n',
    [['joe@dest.test', '5.0.0', '', 'mailboxfull']],
  ],
  [
    'PMDF and its successors',
    `Your message cannot be delivered to the following recipients:

  Recipient address: joe@dest.test
  Reason: Remote SMTP server has rejected address
  Diagnostic code: smtp;550 5.1.1 <joe@dest.test>... User unknown
  Remote system: dns;mx.dest.test (TCP|192.0.2.1)
`,
    [['joe@dest.test', '5.1.1', '', 'userunknown']],
  ],
  [
    'ZMailer',
    `This is a collection of reports about email delivery
process concerning a message you originated.

FAILED:
  Original Recipient:
    rfc822;joe@dest.test
  Diagnostic texts:
    <joe@dest.test>: 550 5.1.1 unknown user
`,
    [['joe@dest.test', '5.1.1', '', 'userunknown']],
  ],
  [
    'XMail',
    `[<00>] XMail bounce: Rcpt=[joe@dest.test];Error=[550 5.1.1 User unknown]

Rcpt To:   <joe@dest.test>

[<02>] The reason of the delivery failure was:

550 5.1.1 User unknown
`,
    [['joe@dest.test', '5.1.1', '', 'userunknown']],
  ],
  [
    'an X.400 gateway',
    `Your message was not delivered to:   joe@dest.test
for the following reason:

   Diagnostic was Unable to transfer, Message timed out
   Information Message timed out

The Original Message follows:
`,
    [['joe@dest.test', '5.0.0', '', 'expired']],
  ],
];

describe('whole notices', () => {
  test.each(notices)('%s', (_, text, verdicts) => {
    const { recipients } = report(textBounce(text));
    expect(recipients.map((one) => [one.recipient, one.status, one.command, one.reason])).toEqual(verdicts);
  });
});

describe('notices in words that nobody knows', () => {
  test.each([
    ['beside the reply', 'Pesan gagal: 550 5.1.1 <joe@dest.test> user unknown\nTanya help@mta.test\n', 'userunknown'],
    ['the only address', 'Empfänger: joe@dest.test\nFehler: 552 5.2.2 Mailbox full\n', 'mailboxfull'],
  ])('%s', (_, text, reason) => {
    expect(only(textBounce(text))).toMatchObject({ recipient: 'joe@dest.test', reason });
  });

  test.each([
    ['a price', 'Kosten: 550 EUR, joe@dest.test'],
    ['several addresses', 'Fragen an joe@dest.test oder ann@dest.test\nFehler: 552 5.2.2'],
  ])('%s is no recipient of a failure', (_, text) => {
    const raw = textBounce(text, []).toString().replace('Undelivered mail', 'Hallo');
    expect(deliveryStatus(openReport(Buffer.from(raw)))).toBeNull();
  });
});
