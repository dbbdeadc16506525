import { describe, expect, test } from 'vitest';
import { findBorder } from '../../../src/message/authentication/received.ts';
import { parseMessage } from '../../../src/message/parse.ts';
import { isRecipient, recipientKey } from '../../../src/sources/smtp/recipients.ts';
import { traceFields } from '../../../src/sources/smtp/trace-fields.ts';

describe('recipients', () => {
  test.each([
    ['a@example.org', 'a@example.org', true],
    ['a@example.org', 'A@EXAMPLE.ORG', true],
    ['a@example.org', 'aa@example.org', false],
    ['*@example.org', 'anything.at+all@example.org', true],
    ['*@example.org', 'a@sub.example.org', false],
    ['*@example.org', 'a@example.org.evil.example', false],
    ['*@*.example.org', 'a@sub.example.org', true],
    ['*@*.example.org', 'a@example.org', false],
    ['alerts+*@example.org', 'alerts+disk@example.org', true],
    ['alerts+*@example.org', 'alerts@example.org', false],
    ['a*b*c@example.org', 'axbxc@example.org', true],
    ['a*b*c@example.org', 'abc@example.org', true],
    ['a*b*c@example.org', 'acb@example.org', false],
    ['ab*ba@example.org', 'aba@example.org', false],
    ['*@example.org', '"a@b"@example.org', true],
    ['*@*', 'postmaster', false],
  ])('%s: %s is one: %s', (pattern, address, expected) => {
    expect(isRecipient([pattern], address)).toBe(expected);
  });

  test('are the same whatever the case of their domain, and different by that of their name', () => {
    expect(recipientKey('Ann@Example.ORG')).toBe('Ann@example.org');
    expect(recipientKey('ann@example.org')).not.toBe(recipientKey('Ann@example.org'));
  });
});

test('what a client calls itself is not written down when it is no name; IPv6 addresses are marked as such', () => {
  const fields = (helo: string, clientAddress: string) =>
    String(
      traceFields({
        envelope: { kind: 'smtp', mailFrom: '', rcptTo: 'a@example.org', helo, clientAddress, tls: 'TLSv1.3' },
        by: 'mx.example.org',
        protocol: 'ESMTPS',
        id: 'abc',
        receivedAt: new Date('2026-11-05T06:07:08Z'),
      }),
    );
  expect(fields('x) by evil; (', '2001:db8::1')).toBe(
    'Return-Path: <>\r\nDelivered-To: a@example.org\r\nReceived: from unknown ([IPv6:2001:db8::1])\r\n\tby mx.example.org with ESMTPS (TLSv1.3) id abc\r\n\tfor <a@example.org>; Thu, 05 Nov 2026 06:07:08 +0000\r\n',
  );
  expect(fields('[192.0.2.1]', '192.0.2.1')).toContain('from [192.0.2.1] ([192.0.2.1])');
});

test('the Received field is one that `authenticate` reads: who handed the message over', () => {
  const fields = traceFields({
    envelope: {
      ...{ kind: 'smtp', mailFrom: 'ann@example.org', rcptTo: 'a@desk.example.org' },
      ...{ helo: 'mail.example.org', clientAddress: '192.0.2.7' },
    },
    ...{ by: 'mx.example.net', protocol: 'ESMTP', id: 'abc', receivedAt: new Date('2026-11-05T06:07:08Z') },
  });
  const { rawHeaders } = parseMessage(
    Buffer.concat([fields, Buffer.from('Received: from evil by mx.example.net\r\nSubject: x\r\n\r\n')]),
  );
  const border = findBorder(
    rawHeaders.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    ['mx.example.net'],
  );
  expect(border?.client).toEqual({ address: '192.0.2.7', helo: 'mail.example.org' });
});
