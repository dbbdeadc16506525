import { expect, test } from 'vitest';
import { deliveryStatus } from '../../../src/message/reports/delivery-status.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { bytes, report, textBounce } from './messages.ts';

const verdicts = (raw: Buffer) => report(raw).recipients.map((one) => [one.recipient, one.status, one.reason]);

test('Exchange 5.5 names a recipient by the X.400 address that it gave it', () => {
  const text = `did not reach the following recipient(s):

c=us;a= ;p=org;o=site;dda:smtp=joe@dest.test; on Thu, 29 Apr 2004 23:34:45 -0500
    The recipient name is not recognized
\tThe MTS-ID of the original message is: c=us;a= ;p=org;l=SERVER0404300434ABC
    MSEXCH:IMS:ORG:SITE:SERVER 0 (000C05A6) Unknown Recipient
`;
  expect(verdicts(textBounce(text))).toEqual([['joe@dest.test', '5.0.0', 'userunknown']]);
});

test('IMail has a line a recipient, each with its reason', () => {
  const text = `Unknown user: joe@dest.test
Unknown host: ann@nx.test
Invalid final delivery userid: bob@dest.test
User mailbox exceeds allowed size: cat@dest.test

Original message follows.
`;
  expect(verdicts(textBounce(text))).toEqual([
    ['joe@dest.test', '5.0.0', 'userunknown'],
    ['ann@nx.test', '5.0.0', 'hostunknown'],
    ['bob@dest.test', '5.0.0', 'userunknown'],
    ['cat@dest.test', '5.0.0', 'mailboxfull'],
  ]);
});

test('James names its recipients before the one reply of all', () => {
  const text = `Message details:
  Subject: hello
  MAIL FROM: author@origin.test
  RCPT TO: joe@dest.test
  RCPT TO: ann@dest.test
  From: author@origin.test
  Size (in bytes): 1024

552 5.2.2 Mailbox full
`;
  expect(verdicts(textBounce(text))).toEqual([
    ['joe@dest.test', '5.2.2', 'mailboxfull'],
    ['ann@dest.test', '5.2.2', 'mailboxfull'],
  ]);
});

test('XMail puts the recipient and the reply into brackets', () => {
  const text = '[00] XMail bounce: Rcpt=[joe@dest.test];Error=[550 5.1.1 unknown user]\n';
  const raw = bytes('From: root@xmail.test', 'Subject: Error sending message [1.2] from [xmail.test]', '', text);
  expect(verdicts(raw)).toEqual([['joe@dest.test', '5.1.1', 'userunknown']]);
});

test('fml refuses an article and names the list', () => {
  const text = 'Hi, I am the fml ML manager for the ML <list@ml.test>.\nNOT MEMBER article from author@origin.test\n';
  const header = ['From: list-admin@ml.test', 'To: author@origin.test', 'X-MLServer: fml [fml 4.0.3]'];
  expect(verdicts(bytes(...header, '', text))).toEqual([['list@ml.test', '5.0.0', 'rejected']]);
  const other = bytes(...header, '', 'Welcome to the ML <list@ml.test>. You are member 12.');
  expect(deliveryStatus(openReport(other))).toBeNull();
});

const exchange = 'From: Microsoft Exchange <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@dest.test>';

test('Exchange writes under a name of its own, in the language of the recipient', () => {
  const text = `Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:

joe@dest.test
Das Postfach des Empfängers ist voll.

Diagnoseinformationen für Administratoren:

joe@dest.test
#550 5.2.2 STOREDRV.Deliver: mailbox full. The following information should help ##
`;
  const raw = bytes(exchange, 'To: author@origin.test', 'Subject: Unzustellbar: hallo', '', text);
  expect(verdicts(raw)).toEqual([['joe@dest.test', '5.2.2', 'mailboxfull']]);
});

test('what Exchange says of one’s own mailbox is no report', () => {
  const text = 'Your mailbox is almost full. Please reduce its size, or you cannot send mail any longer.';
  const raw = bytes(exchange, 'To: author@origin.test', 'Subject: Your mailbox is almost full', '', text);
  expect(deliveryStatus(openReport(raw))).toBeNull();
});

test('Postfix writes to its postmaster under a name without a domain', () => {
  const text = `Transcript of session follows.

 Out: 220 mx.origin.test ESMTP Postfix
 In:  MAIL FROM:<s@y.test>
 Out: 250 2.1.0 Ok
 In:  RCPT TO:<joe@dest.test>
 Out: 550 5.1.1 <joe@dest.test>: Recipient address rejected: User unknown in local recipient table
 In:  QUIT
`;
  const subject = 'Subject: Postfix SMTP server: errors from mx.a.test[192.0.2.9]';
  const raw = bytes('From: MAILER-DAEMON (Mail Delivery System)', 'To: postmaster@origin.test', subject, '', text);
  expect(verdicts(raw)).toEqual([['joe@dest.test', '5.1.1', 'userunknown']]);
});

test('the only address in brackets, when an MTA speaks of a failure', () => {
  const text = 'Reason: Unable to resolve host name dest.test for <joe@dest.test>: Host not found.\n';
  expect(verdicts(textBounce(text))).toEqual([['joe@dest.test', '5.0.0', 'hostunknown']]);
  const from = ['From: postmaster@dest.test', 'To: author@origin.test', 'Subject: Quota'];
  const other = bytes(...from, '', 'Your mailbox is almost full. Questions? Ask <help@dest.test>.');
  expect(deliveryStatus(openReport(other))).toBeNull();
});

test('SurfControl does not speak of delivery', () => {
  const text = `Your message could not be sent.
Addressed To: joe@dest.test

Failed to send to identified host,
joe@dest.test: [192.0.2.2], Connection timed out
`;
  expect(verdicts(bytes('From: <>', 'To: author@origin.test', 'Subject: X', '', text))).toEqual([
    ['joe@dest.test', '5.0.0', 'expired'],
  ]);
});

test('Exchange writes the reply behind #', () => {
  const text =
    'Generating server: ex.dest.test\n\njoe@dest.test\n#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n';
  expect(report(textBounce(text)).recipients).toMatchObject([{ recipient: 'joe@dest.test', replyCode: '550' }]);
  const ticket = 'joe@dest.test\n550 5.1.1 User unknown, see ticket #421 5 minutes from now\n';
  expect(report(textBounce(ticket)).recipients).toMatchObject([{ replyCode: '550', status: '5.1.1' }]);
});

test('Exchange 5.5 names a recipient as its directory does', () => {
  const text = `did not reach the following recipient(s):

joe@dest.test on Mon, 10 Jan 2000 10:00:01 +0100
    The recipient name is not recognized
Smith, Ann on Mon, 10 Jan 2000 10:00:01 +0100
    The recipient's mailbox is full
`;
  expect(verdicts(textBounce(text))).toEqual([
    ['joe@dest.test', '5.0.0', 'userunknown'],
    ['Smith, Ann', '5.0.0', 'mailboxfull'],
  ]);
});

test('AOL names its own users', () => {
  const text =
    'Your mail to the following recipients could not be delivered because they are not accepting mail from author@aol.test:\n\tjoe\n\tann\n';
  expect(report(textBounce(text)).recipients.map((one) => one.recipient)).toEqual(['joe', 'ann']);
});

test('recipients of one line share what follows them', () => {
  const text = '<joe@dest.test>, <ann@dest.test>; bob@dest.test: 552 5.2.2 Mailbox full\n';
  expect(verdicts(textBounce(text))).toEqual(
    ['joe', 'ann', 'bob'].map((name) => [`${name}@dest.test`, '5.2.2', 'mailboxfull']),
  );
});

test('fields of any name tell the recipients of a notice', () => {
  const text = 'Message could not be delivered to mobile.\nError: No valid recipients\nTo: 5551234567@mobile.test\n';
  expect(verdicts(textBounce(text))).toEqual([['5551234567@mobile.test', '5.0.0', 'userunknown']]);
  const blocks = `Delivery failed

Sender: other@origin.test

Ziel:    joe@dest.test
Fehler:  550 5.1.1 User unknown

宛先：   ann@dest.test
理由：   552 5.2.2 Mailbox full

Cc: bob@dest.test
Done.
`;
  expect(verdicts(textBounce(blocks))).toEqual([
    ['joe@dest.test', '5.1.1', 'userunknown'],
    ['ann@dest.test', '5.2.2', 'mailboxfull'],
  ]);
});

test('recipients stand in a numbered list, and behind them whom to ask', () => {
  const text = `These recipients could not be reached:

1. joe@dest.test - 550 5.1.1 User unknown
2) ann@dest.test - 552 5.2.2 Mailbox full

If you need help, write to:
  helpdesk@mta.test
`;
  expect(verdicts(textBounce(text))).toEqual([
    ['joe@dest.test', '5.1.1', 'userunknown'],
    ['ann@dest.test', '5.2.2', 'mailboxfull'],
  ]);
});

test('Exchange names a recipient for people, and in an address of its own for administrators', () => {
  const text = (own: string) => `Delivery has failed to these recipients or groups:

Joe Smith (joe@dest.test)<mailto:joe@dest.test>
The email address you entered couldn't be found.

Diagnostic information for administrators:

Generating server: ex.dest.test

${own}
#550 5.1.1 RESOLVER.ADR.ExRecipNotFound; not found ##
`;
  const joe = [['joe@dest.test', '5.1.1', 'userunknown']];
  expect(verdicts(textBounce(text('IMCEAEX-_O=ORG_OU=SITE_CN=RECIPIENTS_CN=JOE@dest.test')))).toEqual(joe);
  expect(verdicts(textBounce(text('IMCEASMTP-joe+40dest+2Etest@dest.test')))).toEqual(joe);
});

test('a case about a notice is no notice', () => {
  const header = [
    'From: help@dest.test',
    'Subject: [Ticket#12] Re: Undeliverable mail',
    'Auto-Submitted: auto-replied',
  ];
  const raw = bytes(...header, '', 'We read of your mail to joe@other.test: 550 5.1.1 user unknown');
  expect(deliveryStatus(openReport(raw))).toBeNull();
});
