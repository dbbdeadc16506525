import { describe, expect, test } from 'vitest';
import { dsn, only, report } from './messages.ts';

const perMessage = [
  'Original-Envelope-Id: env-1',
  'Reporting-MTA: dns; mta.test',
  'Received-From-MTA: dns; client.test',
  'Arrival-Date: Mon, 2 Nov 2026 10:00:00 +0000',
];
const recipient = (...fields: readonly string[]) =>
  dsn([...perMessage, '', 'Final-Recipient: rfc822; joe@dest.test', ...fields].join('\n'));

describe('fields of RFC 3464', () => {
  test('per-message fields and the returned header', () => {
    const read = report(recipient('Action: failed', 'Status: 5.1.1'));
    expect(read).toMatchObject({
      originalEnvelopeId: 'env-1',
      reportingMta: 'mta.test',
      receivedFromMta: 'client.test',
      arrivalDate: 'Mon, 2 Nov 2026 10:00:00 +0000',
    });
    expect(read.original).toMatchObject({
      messageId: 'original@origin.test',
      subject: 'Café',
      from: 'author@origin.test',
    });
  });

  test('per-recipient fields', () => {
    const read = only(
      recipient(
        'Original-Recipient: rfc822; list+2Bjoe@dest.test',
        'Action: failed',
        'Status: 5.1.1 (bad destination mailbox address)',
        'Remote-MTA: dns; mx.dest.test (192.0.2.1)',
        'Diagnostic-Code: smtp; 550 5.1.1 <joe@dest.test>:',
        '  no such user',
      ),
    );
    expect(read).toEqual({
      recipient: 'joe@dest.test',
      originalRecipient: 'list+joe@dest.test',
      action: 'failed',
      status: '5.1.1',
      pseudoStatus: false,
      replyCode: '550',
      command: '',
      diagnostic: '550 5.1.1 <joe@dest.test>: no such user',
      remoteMta: 'mx.dest.test',
      reason: 'userunknown',
      hardBounce: true,
      advice: expect.stringContaining('Remove the address'),
    });
  });

  test.each([
    ['failed', 'failed'],
    ['delayed', 'delayed'],
    ['Delivered', 'delivered'],
    ['relayed (to a system without DSN)', 'relayed'],
    ['expanded', 'expanded'],
  ])('Action: %s', (field, action) => {
    const read = only(recipient(`Action: ${field}`, `Status: ${action === 'failed' ? '5' : '2'}.0.0`));
    expect(read.action).toBe(action);
    if (!['failed', 'delayed'].includes(action)) expect(read.reason).toBe('delivered');
  });

  test('one entry a recipient, in the order of the report', () => {
    const one = (name: string, status: string) =>
      `Final-Recipient: rfc822; ${name}@dest.test\nAction: failed\nStatus: ${status}`;
    const read = report(
      dsn([...perMessage, '', one('a', '5.1.1'), '', one('b', '5.2.2'), '', one('c', '4.4.7')].join('\n')),
    );
    expect(read.recipients.map((each) => [each.recipient, each.reason, each.hardBounce])).toEqual([
      ['a@dest.test', 'userunknown', true],
      ['b@dest.test', 'mailboxfull', false],
      ['c@dest.test', 'expired', false],
    ]);
  });

  test('an internationalised report (RFC 6533)', () => {
    const fields = [
      ...perMessage,
      '',
      'Final-Recipient: utf-8; j\\x{F6}rg@dest.test',
      'Action: failed',
      'Status: 5.1.1',
    ];
    expect(only(dsn(fields.join('\n'), '', 'message/global-delivery-status')).recipient).toBe('jörg@dest.test');
    expect(only(dsn(fields.join('\n').replace('\\x{F6}', 'ö'), '', 'message/global-delivery-status')).recipient).toBe(
      'jörg@dest.test',
    );
  });

  test('blanks before colons, odd case and missing folding are understood', () => {
    const read = only(
      dsn('reporting-mta : dns; mta.test\n\nFINAL-RECIPIENT : RFC822;joe@dest.test\naction : Failed\nstatus : 5.2.2'),
    );
    expect(read).toMatchObject({ recipient: 'joe@dest.test', status: '5.2.2', reason: 'mailboxfull' });
  });

  test('fields that stand in the text are read too', () => {
    const text =
      'Technical report:\n\nReporting-MTA: dns; mta.test\n\nAction: failed\nFinal-Recipient: rfc822; joe@dest.test\nStatus: 5.2.2\nDiagnostic-Code: smtp; 552 5.2.2 mailbox full';
    const raw = Buffer.from(`From: mailer-daemon@mta.test\r\nTo: a@origin.test\r\nSubject: failure\r\n\r\n${text}`);
    expect(only(raw)).toMatchObject({ recipient: 'joe@dest.test', replyCode: '552', reason: 'mailboxfull' });
  });

  test('empty fields are undefined, not a guess', () => {
    expect(only(dsn('Reporting-MTA: dns; mta.test', 'Delivery report unavailable'))).toMatchObject({
      reason: 'undefined',
      hardBounce: false,
      pseudoStatus: true,
    });
  });
});

describe('codes', () => {
  const codes = (status: string, diagnostic: string) => {
    const read = only(recipient('Action: failed', `Status: ${status}`, `Diagnostic-Code: smtp; ${diagnostic}`));
    return [read.status, read.replyCode, read.pseudoStatus];
  };

  test.each([
    ['what the remote host said counts before the Status', '5.0.0', '554 5.7.1 no', ['5.7.1', '554', false]],
    ['unless it said nothing', '5.1.1', '550 5.0.0 no', ['5.1.1', '550', false]],
    ['of nested replies the inner counts', '4.4.7', '554 4.4.7 gave up <421 4.4.2 timed out>', ['4.4.2', '421', false]],
    ['a reply of the other class is left out', '4.0.0', '554 blocked', ['4.0.0', '', false]],
    ['what is no reply code is left out', '5.2.0', '522 5.2.0 over quota', ['5.2.0', '', false]],
    ['an address is no code', '5.0.0', 'host 192.0.2.1 [192.0.2.250]:25 said no', ['5.0.0', '', false]],
    ['a code in brackets', '', 'sorry, full (#5.2.2)', ['5.2.2', '', false]],
    ['a code of the class alone', '', '452 come back later', ['4.0.0', '452', true]],
    ['no code at all', '', 'something happened', ['5.0.0', '', true]],
  ])('%s', (_, status, diagnostic, expected) => {
    expect(codes(status, diagnostic)).toEqual(expected);
  });
});

describe('the text beside the fields', () => {
  test('tells the command that was refused', () => {
    const fields = (to: string) =>
      `Final-Recipient: rfc822; ${to}\nAction: failed\nStatus: 5.2.1\nDiagnostic-Code: smtp; 550 5.2.1 unknown user`;
    const text = (command: string) =>
      `<joe@dest.test>: host mx.dest.test said: 550 5.2.1 unknown user (in reply to ${command})`;
    expect(only(dsn(fields('joe@dest.test'), text('RCPT TO command')))).toMatchObject({
      command: 'RCPT',
      reason: 'userunknown',
    });
    expect(only(dsn(fields('joe@dest.test'), text('end of DATA command')))).toMatchObject({
      command: 'DATA',
      reason: 'filtered',
    });
  });

  test('is the diagnostic when there is none', () => {
    const fields = 'Final-Recipient: rfc822; joe@dest.test\nAction: failed\nStatus: 5.0.0';
    const read = only(dsn(fields, 'Sorry:\n\njoe@dest.test: 552 5.2.2 the mailbox is full'));
    expect(read).toMatchObject({ status: '5.2.2', replyCode: '552', reason: 'mailboxfull' });
  });

  test('gives the rest of a reply that the fields cut off', () => {
    const fields =
      'Final-Recipient: rfc822; joe@dest.test\nAction: failed\nStatus: 5.7.0\nDiagnostic-Code: SMTP; 552-5.7.0 This message was stopped because';
    const transcript =
      '   ----- Transcript of session follows -----\n... while talking to mx.dest.test.:\n>>> DATA\n<<< 552-5.7.0 This message was stopped because\n<<< 552 5.7.0 it has a prohibited attachment\n554 5.0.0 Service unavailable';
    expect(only(dsn(fields, transcript))).toMatchObject({ command: 'DATA', reason: 'policyviolation' });
  });
});

describe('fields that stand otherwise than RFC 3464 says', () => {
  const failure = (status: string) => `Action: failed\nStatus: ${status}\n`;
  const joe = 'Final-Recipient: rfc822; joe@dest.test\n';

  test.each(['text/plain', 'application/octet-stream; name="details.txt"'])('under the type %s', (type) => {
    const fields = `Reporting-MTA: dns; mta.test\n\n${joe}${failure('5.2.2')}Diagnostic-Code: smtp; 552 5.2.2 full\n`;
    expect(only(dsn(fields, undefined, type))).toMatchObject({ status: '5.2.2', replyCode: '552' });
  });

  test('with a blank line behind each of them', () => {
    const fields = `${joe}${failure('5.1.1')}Diagnostic-Code: smtp; 550 5.1.1 unknown user`.replaceAll('\n', '\n\n');
    expect(only(dsn(fields))).toMatchObject({ status: '5.1.1', replyCode: '550', reason: 'userunknown' });
  });

  test('without one between two recipients', () => {
    const fields = `${joe}${failure('5.1.1')}Final-Recipient: rfc822; ann@dest.test\n${failure('5.2.2')}`;
    expect(report(dsn(fields)).recipients.map((one) => [one.recipient, one.status])).toEqual([
      ['joe@dest.test', '5.1.1'],
      ['ann@dest.test', '5.2.2'],
    ]);
  });

  test('a recipient whom only the last MTA names', () => {
    const fields = `Final-Recipient: x400; /C=DE/S=joe/\nOriginal-Recipient: rfc822; joe@dest.test\n${failure('5.1.1')}`;
    expect(only(dsn(fields))).toMatchObject({ recipient: 'joe@dest.test' });
  });

  test('an original recipient and a diagnostic alone', () => {
    const fields = 'Original-Recipient: <joe@dest.test>\nDiagnostic-Code: smtp; 552 5.2.2 full';
    expect(only(dsn(fields))).toMatchObject({ recipient: 'joe@dest.test', status: '5.2.2' });
  });

  test('the only reply of the transcript, where the fields quote none', () => {
    const text = '... while talking to mx.dest.test.:\n>>> DATA\n<<< 550 5.7.1 message looks like spam\n';
    expect(only(dsn(`${joe}${failure('5.5.0')}`, text))).toMatchObject({ command: 'DATA', reason: 'spamdetected' });
  });
});
