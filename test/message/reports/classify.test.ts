import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/message/reports/classify.ts';
import { emptyNotice, type Notice } from '../../../src/message/reports/notice.ts';
import { reasonOfProvider } from '../../../src/message/reports/provider-codes.ts';
import { adviceFor, isHardBounce, type Reason, reasons } from '../../../src/message/reports/reasons.ts';
import { readCommand, readReply } from '../../../src/message/reports/smtp-reply.ts';
import { reasonOfCategory, reasonOfStatus } from '../../../src/message/reports/status-reasons.ts';
import { texts as gateways } from './documented-gateways.ts';
import { texts as mtas } from './documented-mtas.ts';
import { texts as providers } from './documented-providers.ts';
import { texts as loose } from './loosely-worded-replies.ts';
import { texts } from './mta-texts.ts';
import { texts as replies } from './provider-texts.ts';
import { registry } from './registry-texts.ts';
import { texts as reworded } from './reworded-replies.ts';
import { texts as usualMtas } from './usual-mtas.ts';
import { texts as usualProviders } from './usual-providers.ts';

function reasonOf(diagnostic: string, more: Partial<Notice> = {}): Reason {
  const { code, status } = readReply(diagnostic);
  const notice = { ...emptyNotice, recipient: 'joe@dest.test', action: 'failed', diagnostic, ...more };
  return classify({ notice, status, replyCode: code, command: readCommand(diagnostic) });
}

describe.each([...Object.entries(texts), ...Object.entries(replies)])('%s', (_, cases) => {
  test.each(cases)('%s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });
});

const tables = [providers, mtas, gateways, usualProviders, usualMtas, reworded, loose];

describe.each(tables.flatMap((table) => Object.entries(table)))('%s', (_, lines) => {
  const cases = lines
    .trim()
    .split('\n')
    .map((line) => [line.slice(line.indexOf(' ') + 1), line.slice(0, line.indexOf(' '))]);
  test.each(cases)('%s', (text = '', reason = '') => {
    expect(reasonOf(text)).toBe(reason);
  });
});

test('loose words give no address up while the code says that it may pass', () => {
  const said = 'There is no entry for joe (in reply to RCPT TO command)';
  expect(reasonOf(`550 5.7.1 ${said}`)).toBe('userunknown');
  expect(reasonOf(`450 4.7.1 ${said}`)).toBe('securityerror');
});

test.each([
  ['450 Requested mail action not taken: mailbox unavailable', 'onhold'],
  ['451 user not available at this time', 'onhold'],
  ['450 4.2.0 mailbox unavailable', 'filtered'],
  ['550 mailbox unavailable', 'userunknown'],
  ['450 4.1.1 mailbox unavailable', 'userunknown'],
  ['450 User unknown', 'userunknown'],
])('who is unavailable for now is known: %s', (said, reason) => {
  expect(reasonOf(`${said} (in reply to RCPT TO command)`)).toBe(reason);
});

test('nobody is given up for what fails for now beside the address', () => {
  expect(reasonOf('451 4.3.0 user unknown at this time (in reply to RCPT TO command)')).toBe('userunknown');
  expect(isHardBounce('userunknown', '4.3.0')).toBe(false);
  expect(adviceFor('userunknown', '4.3.0')).toContain('Try again later');
  for (const status of ['5.1.1', '4.1.1', '4.0.0', '5.3.0']) expect(isHardBounce('userunknown', status)).toBe(true);
});

test.each([
  '550 mailbox server not available',
  '550 recipient database unavailable',
  '450 mailbox store is unavailable',
])('what keeps addresses is no address: %s', (said) => {
  expect(reasonOf(`${said} (in reply to RCPT TO command)`)).not.toBe('userunknown');
});

test('loose words make no failure of a text that states none', () => {
  const said = 'There is no entry for joe';
  expect(reasonOf(said, { action: '' })).toBe('onhold');
  expect(reasonOf(said)).toBe('userunknown');
});

describe('the registry of enhanced status codes', () => {
  test.each(registry)('%s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
    const prefixed = text.replace(/^(\d{3} \S+) /, '$1 <joe@dest.test>: Recipient address rejected: ');
    expect(reasonOf(`${prefixed} (in reply to RCPT TO command)`)).toBe(reason);
  });

  /** Details of each subject that RFC 3463, RFC 5248 and the registry have. */
  const details: readonly number[] = [0, 10, 4, 6, 7, 6, 10, 30];
  const codes = details.flatMap((last, subject) =>
    Array.from({ length: last + 1 }, (_, detail) => `${subject}.${detail}`),
  );

  test('every code tells a reason but those that are defined as undefined', () => {
    expect(codes.filter((code) => reasonOfStatus(`5.${code}`) === null)).toEqual(['0.0', '3.0', '5.0']);
  });

  test('an address is given up for what is said of it or its domain alone', () => {
    const hard = codes.filter((code) => isHardBounce(reasonOfStatus(`5.${code}`) ?? 'undefined', `5.${code}`));
    // 7.27 is of the sender's domain, but the vocabulary's reason is that of a domain without mail.
    const address = ['1.0', '1.1', '1.2', '1.3', '1.6', '1.10'];
    expect(hard).toEqual([...address, '3.2', '4.4', '7.17', '7.18', '7.27']);
  });

  test('a route that is missing for now is no unknown host', () => {
    expect(reasonOfStatus('5.4.4')).toBe('hostunknown');
    expect(reasonOfStatus('4.4.4')).toBe('networkerror');
    expect(reasonOfStatus('2.1.5')).toBe('delivered');
    expect(reasonOfStatus('5.9.99')).toBeNull();
  });

  test.each([
    ['5.7.606', 'blocked'],
    ['5.7.708', 'blocked'],
    ['4.7.650', 'badreputation'],
    ['4.7.860', 'blocked'],
    ['5.7.502', 'spamdetected'],
    ['5.7.504', 'userunknown'],
    ['5.7.508', 'speeding'],
    ['5.7.509', 'authfailure'],
    ['5.4.310', 'hostunknown'],
    ['5.7.232', 'speeding'],
    ['5.7.233', 'speeding'],
    ['5.2.251', 'speeding'],
    ['4.4.62', 'networkerror'],
  ])('%s of Exchange Online', (status, reason) => {
    expect(reasonOfStatus(status)).toBe(reason);
  });
});

describe('who says that nobody has the address, and when', () => {
  test.each([
    ['550 5.1.1 unknown user', 'userunknown'],
    ['550 unknown user (in reply to RCPT TO command)', 'userunknown'],
    ['550 unknown user (in reply to end of DATA command)', 'filtered'],
    ['550 unknown user', 'filtered'],
    ['unknown user', 'userunknown'],
    ['551 5.1.6 not our user', 'hasmoved'],
    ['550 5.1.2 bad address', 'hostunknown'],
  ])('%s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  test('names in addresses say nothing', () => {
    expect(reasonOf('550 5.1.1 <spam.virus.quota.full@dest.test>: no such user')).toBe('userunknown');
  });
});

test.each([
  ["550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email", 'speeding'],
  ['550 5.2.251 Sender throttled due to continuous mailbox full errors.', 'speeding'],
  ['451 4.4.62 Mail sent to the wrong Office 365 region. ATTR35.', 'networkerror'],
])('%s', (text, reason) => {
  expect(reasonOf(text)).toBe(reason);
});

describe('what the words do not tell', () => {
  test.each([
    ['554 no (in reply to initial connection, after initial connection)', 'blocked'],
    ['550 5.7.1 go away (in reply to EHLO command)', 'blocked'],
    ['550 5.7.1 go away (in reply to MAIL FROM command)', 'rejected'],
    ['550 5.7.1 go away (in reply to end of DATA command)', 'securityerror'],
    ['550 go away', 'onhold'],
    ['552 go away', 'mailboxfull'],
    ['500 what', 'syntaxerror'],
  ])('%s', (text, reason) => {
    expect(reasonOf(text)).toBe(reason);
  });

  test('the sending MTA’s category tells', () => {
    expect(reasonOf('554 no', { category: 'spam-related' })).toBe('spamdetected');
    expect(reasonOf('554 unknown user', { category: 'bad-mailbox' })).toBe('userunknown');
    expect(reasonOfCategory('other')).toBeNull();
  });

  test('a program that delivers', () => {
    expect(reasonOf('71', { diagnosticType: 'x-unix' })).toBe('mailererror');
    expect(reasonOf('', { recipient: '|/usr/bin/filter' })).toBe('mailererror');
    expect(reasonOf('quota exceeded', { diagnosticType: 'x-unix' })).toBe('mailboxfull');
  });

  test('an account that the MTA itself says is disabled', () => {
    expect(reasonOf('550 5.1.1 user unknown', { context: 'The user(s) account is disabled.' })).toBe('suspend');
  });

  test('a delay without a reason', () => {
    expect(reasonOf('', { action: 'delayed' })).toBe('expired');
    expect(reasonOf('', { recipient: '' })).toBe('undefined');
  });
});

test.each([
  ['see https://support.google.com/mail/?p=NoSuchUser a1 - gsmtp', 'userunknown'],
  ['550 5.2.0 OFR_506 [506]', 'spamdetected'],
  ['421 OFR004_104 slow down', 'toomanyconn'],
  ['550 RCP-P2 refused', 'filtered'],
  ['550 SC-001 (X)', 'blocked'],
  ['421 RP-001 (X)', 'badreputation'],
  ['550 INT-P2 refused', 'mesgtoobig'],
  ['451 INT-T11 later', 'systemerror'],
  ['550 POL-P1 refused', 'blocked'],
  ['554 blocked AUP#IPBL0110', 'blocked'],
  ['550 AUP#CXBL', 'blocked'],
  ['550 LPN007_517', 'authfailure'],
  ['550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; no', 'rejected'],
  ['554 5.4.4 SMTPSEND.DNS.NonExistentDomain; nonexistent domain', 'hostunknown'],
  ['550 (S3150)', 'blocked'],
  ['553 [BL21] no', 'blocked'],
  ['554 [CS01] no', 'policyviolation'],
  ['550 5.1.1 RESOLVER.ADR.RecipNotFound; not found', 'userunknown'],
  ['550 OFR_000 and IB000', null],
])('the receiver’s own code in %s', (text, reason) => {
  expect(reasonOfProvider(text.toLowerCase())).toBe(reason);
});

describe('hard or soft', () => {
  test.each(Object.keys(reasons) as Reason[])('%s', (reason) => {
    const hard = ['userunknown', 'hostunknown', 'hasmoved', 'notaccept'].includes(reason);
    expect(isHardBounce(reason, '5.0.0')).toBe(hard);
    expect(isHardBounce(reason, '4.0.0')).toBe(hard && reason !== 'notaccept');
    expect(adviceFor(reason)).toMatch(/\.$/);
  });

  test('advice about a receiver that accepts no mail', () => {
    expect(adviceFor('notaccept', '5.1.10')).toContain('Stop sending');
    expect(adviceFor('notaccept', '4.3.2')).toContain('Try again later');
    expect(adviceFor('notaccept', '5.7.27')).toContain('null MX');
  });
});
