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

  test('what is no notification is none', () => {
    expect(deliveryStatus(openReport(sns({ Type: 'Other' })))).toBeNull();
    expect(deliveryStatus(openReport(bytes('From: no-reply@x.test', '', '{"notificationType": ')))).toBeNull();
  });
});
