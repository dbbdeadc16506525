import { describe, expect, test } from 'vitest';
import { bytes, only, report, textBounce } from './messages.ts';

const copy =
  '\n--- Below this line is a copy of the message.\n\nReturn-Path: <author@origin.test>\nFrom: author@origin.test\nTo: other@elsewhere.test\n\nThe mailbox of nobody@x.test is full.';

describe('notices of MTAs that write no fields', () => {
  test.each([
    [
      'qmail',
      'Hi. This is the qmail-send program.\n\n<joe@dest.test>:\nSorry, no mailbox here by that name. (#5.1.1)\n',
      'userunknown',
      '5.1.1',
      '',
    ],
    [
      'qmail, remote',
      '<joe@dest.test>:\n192.0.2.1 does not like recipient.\nRemote host said: 550 5.1.1 unknown user\nGiving up on 192.0.2.1.\n',
      'userunknown',
      '5.1.1',
      'RCPT',
    ],
    [
      'qmail, after the message',
      '<joe@dest.test>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 550 no such user\n',
      'filtered',
      '5.0.0',
      'DATA',
    ],
    [
      'Exim',
      'This message was created automatically by mail delivery software.\nThe following address(es) failed:\n\n  joe@dest.test\n    host mx.dest.test [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<joe@dest.test>:\n    550 5.1.1 unknown user\n',
      'userunknown',
      '5.1.1',
      'RCPT',
    ],
    [
      'Postfix',
      'I am sorry.\n\n<joe@dest.test>: host mx.dest.test[192.0.2.1] said: 452 4.2.2 over\n    quota (in reply to RCPT TO command)\n',
      'mailboxfull',
      '4.2.2',
      'RCPT',
    ],
    [
      'OpenSMTPD',
      '    the following list of recipients:\n\njoe@dest.test: 550 5.7.25 no PTR record\n',
      'requireptr',
      '5.7.25',
      '',
    ],
    [
      'DragonFly',
      'There was an error delivering your mail to <joe@dest.test>.\n\nmx.dest.test [192.0.2.1] did not like our MAIL FROM:\n550 5.7.1 access denied\n\nMessage headers follow.\n',
      'rejected',
      '5.7.1',
      'MAIL',
    ],
    [
      'Domino',
      'Your message\n\n  Subject: x\n\nwas not delivered to:\n\n  joe@dest.test\n\nbecause:\n\n  User joe (joe@dest.test) not listed in Domino Directory\n',
      'userunknown',
      '5.0.0',
      '',
    ],
    [
      'Exchange 2003',
      'did not reach the following recipient(s):\n\njoe@dest.test on Mon, 2 Nov 2026 10:00:00 +0000\n    The recipient name is not recognized\n',
      'userunknown',
      '5.0.0',
      '',
    ],
    [
      'MailMarshal',
      'Your message could not be delivered because of\n\n550 5.1.1 User unknown\n\nThe following recipients were affected:\n    joe@dest.test\n',
      'userunknown',
      '5.1.1',
      '',
    ],
    [
      'Zoho',
      'A message could not be delivered.\n\njoe@dest.test Invalid Address, ERROR_CODE :550, ERROR_CODE :5.1.1 unknown user\n',
      'userunknown',
      '5.1.1',
      '',
    ],
    [
      'Yahoo',
      'Sorry, we were unable to deliver your message.\n\n<joe@dest.test>:\nRemote host said:\n550 5.1.8 sender rejected\n[MAIL_FROM]\n',
      'rejected',
      '5.1.8',
      'MAIL',
    ],
    [
      'X3',
      'Delivery to the following recipients failed permanently:\n\n   * joe@dest.test\n\nTechnical details:\n\nSMTP:RCPT host 192.0.2.1: 553 5.3.0 <joe@dest.test>... No such user here\n',
      'userunknown',
      '5.3.0',
      'RCPT',
    ],
    [
      'X6',
      '1 error(s):\n\nSMTP Server <mx.dest.test> rejected recipient <joe@dest.test> (Error following RCPT command). It responded as follows: [550 5.1.1 unknown]\n',
      'userunknown',
      '5.1.1',
      'RCPT',
    ],
    [
      'm-FILTER',
      'joe@dest.test\n\n-------server message\n550 unknown user <joe@dest.test>\n\n-------SMTP command\nDATA\n\n-------original message\n',
      'filtered',
      '5.0.0',
      'DATA',
    ],
    [
      'MailFoundry',
      'Unable to deliver message to: <joe@dest.test>\nDelivery failed for the following reason:\nmx.dest.test responded with failure: 552 over quota\n',
      'mailboxfull',
      '5.0.0',
      '',
    ],
    [
      'Gmail',
      'Delivery to the following recipient failed permanently:\n\n     joe@dest.test\n\nThe error that the other server returned was:\n550 5.2.1 the account is disabled\n',
      'suspend',
      '5.2.1',
      '',
    ],
    [
      'Courier',
      '                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n<joe@dest.test>:\n    mx.dest.test [192.0.2.1]:\n>>> RCPT TO:<joe@dest.test>\n<<< 550 User unknown.\n',
      'userunknown',
      '5.0.0',
      'RCPT',
    ],
    [
      'InterScan, whose arrows point the other way',
      'Sent <<< RCPT TO:<joe@dest.test>\nReceived >>> 550 <joe@dest.test>... user unknown\n\nUnable to deliver message to <joe@dest.test>\n',
      'userunknown',
      '5.0.0',
      'RCPT',
    ],
    [
      'MDaemon',
      'Failed address: joe@dest.test\n\n--- Session Transcript ---\n Mon 2024-01-01 00:00:00: --> RCPT To:<joe@dest.test>\n Mon 2024-01-01 00:00:00: <-- 550 unknown user\n--- End Transcript ---\n',
      'userunknown',
      '5.0.0',
      'RCPT',
    ],
    [
      'MailEnable',
      'The following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:joe@dest.test]\n\tReason: Remote SMTP Server Returned: 550 5.1.1 unknown user\n',
      'userunknown',
      '5.1.1',
      '',
    ],
    ['IMail', 'User mailbox exceeds allowed size: joe@dest.test\n', 'mailboxfull', '5.0.0', ''],
    [
      'IMail, remote',
      'undeliverable to joe@dest.test\n\nRCPT TO generated following response:\n550 unknown user\n',
      'userunknown',
      '5.0.0',
      'RCPT',
    ],
    [
      '1&1',
      'joe@dest.test:\nSMTP error from remote server for RCPT TO command, host: mx.dest.test (192.0.2.1) reason: 550 unknown user\n',
      'userunknown',
      '5.0.0',
      'RCPT',
    ],
    [
      'a carrier without apostrophes',
      'Could not be delivered to: <joe@dest.test>\n     As the remote domain doesnt exist.\n',
      'hostunknown',
      '5.0.0',
      '',
    ],
    [
      'a greeting with the wrong name',
      '<joe@dest.test>:\nConnected to 192.0.2.1 but my name was rejected.\nRemote host said: 501 5.0.0 Invalid domain name\n',
      'blocked',
      '5.0.0',
      'EHLO',
    ],
  ])('%s', (_, text, reason, status, command) => {
    expect(only(textBounce(text + copy))).toMatchObject({ recipient: 'joe@dest.test', reason, status, command });
  });

  test.each([
    ['Exim', '  joe@dest.test\n    host mx.dest.test [2001:db8::7]: 550 5.1.1 no such user\n', 'mx.dest.test'],
    ['Postfix', '<joe@dest.test>: host mx.dest.test[192.0.2.1] said: 550 5.1.1 no such user\n', 'mx.dest.test'],
    [
      'Google',
      'Delivery to the following recipient failed permanently:\n\n     joe@dest.test\n\nTechnical details of permanent failure:\nGoogle tried to deliver your message, but it was rejected by the server for the recipient domain dest.test by mx.dest.test. [192.0.2.1].\n\nThe error that the other server returned was:\n550 5.1.1 no such user\n',
      'mx.dest.test',
    ],
    [
      'DragonFly',
      '<joe@dest.test>:\nmx.dest.test [192.0.2.1] did not like our RCPT TO:\n550 5.1.1 no\n',
      'mx.dest.test',
    ],
    [
      'qmail',
      '<joe@dest.test>:\nConnected to 192.0.2.1 but sender was rejected.\nRemote host said: 550 no\n',
      '192.0.2.1',
    ],
    ['nobody', '<joe@dest.test>: 550 5.1.1 unknown in our virtual host table\n', ''],
  ])('%s names the host that said it', (_, text, host) => {
    expect(only(textBounce(text)).remoteMta).toBe(host);
  });

  test('sendmail 5 tells each recipient in its transcript', () => {
    const text =
      '   ----- Transcript of session follows -----\nWhile talking to mx.a.test:\n>>> RCPT To:<one@a.test>\n<<< 550 <one@a.test>... User unknown\n550 <one@a.test>... User unknown\n550 b.test (smtp)... 550 Host unknown\n554 <two@b.test>... 550 Host unknown (Authoritative answer from name server)\n\n   ----- Unsent message follows -----\nFrom: author@origin.test\n';
    expect(
      report(textBounce(text)).recipients.map((one) => [one.recipient, one.reason, one.replyCode, one.command]),
    ).toEqual([
      ['one@a.test', 'userunknown', '550', 'RCPT'],
      ['two@b.test', 'hostunknown', '550', ''],
    ]);
  });

  test('recipients that stand together share the reason behind them', () => {
    const text =
      'was not delivered to:\n\n  joe@dest.test\n  ann@dest.test\n\nbecause:\n\n  Permanent Error 550 5.7.1 Unable to relay\n';
    expect(report(textBounce(text)).recipients.map((one) => [one.recipient, one.reason])).toEqual([
      ['joe@dest.test', 'norelaying'],
      ['ann@dest.test', 'norelaying'],
    ]);
  });

  test('what an MTA adds to a reply is not the reply', () => {
    const text =
      '>>> RCPT To:<joe@dest.test>\n<<< 552 5.2.2 mailbox full\n554 5.0.0 <joe@dest.test>... Service unavailable\n';
    expect(only(textBounce(text))).toMatchObject({ status: '5.2.2', replyCode: '552', reason: 'mailboxfull' });
  });

  test('Postfix sends the session of a client that failed', () => {
    const text =
      'Transcript of session follows.\n\n Out: 220 mta.test ESMTP\n In:  MAIL FROM:<author@origin.test>\n Out: 250 2.1.0 Ok\n In:  RCPT\n     TO:<joe@dest.test>\n Out: 250 2.1.5 Ok\n In:  DATA\n Out: 354 go on\n Out: 451 4.3.0 Error: queue file write error\n In:  QUIT\n';
    expect(only(textBounce(text))).toMatchObject({
      recipient: 'joe@dest.test',
      status: '4.3.0',
      replyCode: '451',
      reason: 'systemerror',
      command: 'DATA',
    });
  });

  test('Exim names the address behind a local part, a pipe or a file', () => {
    const text = (item: string, why: string) =>
      `The following address(es) failed:\n\n  ${item}\n    generated by joe@dest.test\n    ${why}\n`;
    expect(only(textBounce(text('save to /var/mail/joe', 'mailbox is full: retry timeout exceeded')))).toMatchObject({
      recipient: 'joe@dest.test',
      reason: 'mailboxfull',
      status: '4.0.0',
    });
    expect(only(textBounce(text('pipe to |/opt/answer', 'Child process returned 127')))).toMatchObject({
      recipient: 'joe@dest.test',
      reason: 'mailererror',
    });
    expect(only(textBounce(text('joe', 'unknown user'))).recipient).toBe('joe@dest.test');
    expect(only(textBounce(text('joe', 'unknown user').replace(/ +generated .*\n/, ''))).recipient).toBe('joe');
  });

  test('a delay is no failure', () => {
    const text =
      'This is a warning message only.\n\nDelivery to the following recipient has been delayed:\n\n     joe@dest.test\n\nMessage will be retried for 2 more day(s)\n';
    expect(only(textBounce(text))).toMatchObject({
      action: 'delayed',
      reason: 'expired',
      status: '4.0.0',
      hardBounce: false,
    });
  });

  test('X-Failed-Recipients names those whom the text does not', () => {
    const read = report(textBounce('Something went wrong.', ['X-Failed-Recipients: a@dest.test, b@dest.test']));
    expect(read.recipients.map((one) => one.recipient)).toEqual(['a@dest.test', 'b@dest.test']);
  });

  test('the returned message’s own recipient is the last resort', () => {
    const text = 'Error: unknown user\n\nOriginal Message:\nFrom: author@origin.test\nTo: joe@dest.test\nSubject: x\n';
    expect(only(textBounce(text))).toMatchObject({ recipient: 'joe@dest.test', reason: 'userunknown' });
  });

  test('a report that a gateway wrapped into one of its own', () => {
    const inner = textBounce('<joe@dest.test>: 552 5.2.2 mailbox full', [
      'X-Failed-Recipients: joe@dest.test',
    ]).toString();
    const outer = bytes(
      'From: MAILER-DAEMON@gate.test',
      'To: author@origin.test',
      'Subject: Returned mail',
      'Content-Type: multipart/mixed; boundary=o',
      '',
      '--o',
      'Content-Type: text/plain',
      '',
      'The following addresses had permanent delivery errors',
      '--o',
      'Content-Type: message/rfc822',
      '',
      inner,
      '--o--',
    );
    expect(only(outer)).toMatchObject({ recipient: 'joe@dest.test', reason: 'mailboxfull' });
  });
});

test('a list’s own notice is one', () => {
  const text = 'The message below could not be delivered.\n\n<bob@y.test>: 550 5.1.1 user unknown';
  const raw = bytes('From: l-bounces@x.test', 'Subject: Undelivered mail', 'List-Id: <l.x.test>', '', text);
  expect(only(raw)).toMatchObject({ recipient: 'bob@y.test', reason: 'userunknown' });
});
