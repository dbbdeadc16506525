import { describe, expect, test } from 'vitest';
import { deliveryStatus } from '../../../src/message/reports/delivery-status.ts';
import { openReport } from '../../../src/message/reports/report-source.ts';
import { bytes, only } from './messages.ts';

describe('Amazon SES', () => {
  const sns = (value: unknown) =>
    bytes(
      'From: no-reply@sns.amazonaws.com',
      'Subject: AWS Notification Message',
      '',
      JSON.stringify(value),
      '',
      '--',
      'If you wish to stop receiving notifications …',
    );
  const bounce = {
    notificationType: 'Bounce',
    bounce: {
      bouncedRecipients: [
        {
          emailAddress: 'joe@dest.test',
          action: 'failed',
          status: '5.1.1',
          diagnosticCode: 'smtp; 550 5.1.1 user unknown',
        },
      ],
    },
  };

  test('bounce, bare and within an SNS envelope', () => {
    for (const value of [bounce, { Type: 'Notification', Message: JSON.stringify(bounce) }])
      expect(only(sns(value))).toMatchObject({
        recipient: 'joe@dest.test',
        status: '5.1.1',
        replyCode: '550',
        reason: 'userunknown',
      });
  });

  test('delivery', () => {
    const value = {
      notificationType: 'Delivery',
      delivery: { recipients: ['joe@dest.test'], smtpResponse: '250 2.6.0 received' },
    };
    expect(only(sns(value))).toMatchObject({
      action: 'delivered',
      reason: 'delivered',
      status: '2.6.0',
      replyCode: '250',
    });
  });

  test.each([
    ['Permanent', 'General', 'userunknown', '5.0.0'],
    ['Permanent', 'NoEmail', 'userunknown', '5.0.0'],
    ['Permanent', 'Suppressed', 'userunknown', '5.0.0'],
    ['Transient', 'General', 'onhold', '4.0.0'],
    ['Transient', 'MailboxFull', 'mailboxfull', '4.0.0'],
    ['Transient', 'MessageTooLarge', 'mesgtoobig', '4.0.0'],
    ['Transient', 'AttachmentRejected', 'policyviolation', '4.0.0'],
    ['Undetermined', 'Undetermined', 'onhold', '5.0.0'],
  ])('a bounce of type %s, %s', (bounceType, bounceSubType, reason, status) => {
    const bounced = { bounceType, bounceSubType, bouncedRecipients: [{ emailAddress: 'joe@dest.test' }] };
    expect(only(sns({ eventType: 'Bounce', bounce: bounced }))).toMatchObject({ reason, status, pseudoStatus: true });
  });

  test('a delay, and what was rejected before it was sent', () => {
    const deliveryDelay = { delayType: 'SendingDeferral', delayedRecipients: [{ emailAddress: 'joe@dest.test' }] };
    expect(only(sns({ eventType: 'DeliveryDelay', deliveryDelay }))).toMatchObject({
      action: 'delayed',
      status: '4.0.0',
      reason: 'speeding',
    });
    const reject = { eventType: 'Reject', reject: { reason: 'Bad content' }, mail: { destination: ['joe@dest.test'] } };
    expect(only(sns(reject))).toMatchObject({ recipient: 'joe@dest.test', action: 'failed', reason: 'virusdetected' });
  });

  test('what is no notification is none', () => {
    expect(deliveryStatus(openReport(sns({ Type: 'Other' })))).toBeNull();
    expect(deliveryStatus(openReport(bytes('From: no-reply@x.test', '', '{"notificationType": ')))).toBeNull();
  });
});
