import { describe, expect, test } from 'vitest';
import { findBorder, isPrivate, readReceived } from '../../../src/message/authentication/received.ts';

const received = (value: string) => ({ name: 'received', value });

describe('a Received field', () => {
  test.each([
    [
      'Postfix',
      'from mail.a.example (host.a.example [192.0.2.1]) by mx.b.example (Postfix) with ESMTPS id 4X for <u@b.example>; Mon, 1 Jan 2026 00:00:00 +0000',
      '192.0.2.1',
      'mail.a.example',
    ],
    [
      'Postfix by IPv6',
      'from mail.a.example (unknown [IPv6:2001:db8::1]) (using TLSv1.3 with cipher X (256/256 bits)) by mx.b.example (Postfix) with ESMTPS id 4X',
      '2001:db8::1',
      'mail.a.example',
    ],
    [
      'Exim',
      'from [192.0.2.1] (helo=mail.a.example) by mx.b.example with esmtps (TLS1.3) (Exim 4.96) id 1X',
      '192.0.2.1',
      'mail.a.example',
    ],
    [
      'Exim with a name',
      'from host.a.example ([192.0.2.1] helo=mail.a.example) by mx.b.example with esmtp (Exim 4.96)',
      '192.0.2.1',
      'mail.a.example',
    ],
    [
      'Sendmail',
      'from mail.a.example (host.a.example [192.0.2.1] (may be forged)) by mx.b.example (8.17/8.17) with ESMTP id 5',
      '192.0.2.1',
      'mail.a.example',
    ],
    [
      'qmail',
      'from unknown (HELO mail.a.example) (192.0.2.1) by mx.b.example with SMTP; 1 Jan 2026 00:00:00 -0000',
      '192.0.2.1',
      'mail.a.example',
    ],
    [
      'Exchange',
      'from mail.a.example (2001:db8::2) by mx.b.example (2001:db8::9) with Microsoft SMTP Server (version=TLS1_2) id 15.20',
      '2001:db8::2',
      'mail.a.example',
    ],
  ])('of %s tells client and HELO', (_, value, address, helo) => {
    expect(readReceived(value)).toEqual({ by: 'mx.b.example', client: { address, helo } });
  });

  test.each([
    ['unknown (HELO mail.a.example) (ann@203.0.113.5)', 'qmail with an ident'],
    ['unknown (HELO mail.a.example) (10.0.0.1 x@203.0.113.5)', 'qmail with an ident that is an address'],
    ['x (10.0.0.1@host.example [203.0.113.5])', 'Sendmail with an ident'],
    ['x ([10.0.0.1]@host.example [203.0.113.5])', 'Sendmail with an ident that is an address'],
    ['host.example ([203.0.113.5] helo=x ident=[10.0.0.1])', 'Exim with an ident'],
    ['host.example ([203.0.113.5] helo=x [10.0.0.1])', 'Exim with blanks in HELO'],
    ['x (203.0.113.5:45678)', 'a port'],
    ['x (host.example [203.0.113.5]) (Authenticated sender: ann@10.0.0.1)', 'Postfix with a login'],
  ])('tells the address beside what the client said: %s', (from) => {
    expect(readReceived(`from ${from} by mx.b.example with SMTP`)?.client).toMatchObject({ address: '203.0.113.5' });
  });

  test('that tells a client without a readable address is no hand-over within a machine', () => {
    const unreadable = received('from x (evil.example [999.0.0.1]) by mx.b.example with SMTP');
    expect(readReceived(unreadable.value)).toEqual({ by: 'mx.b.example', client: 'unknown' });
    const forged = received('from bank.example (bank.example [198.51.100.1]) by mx.b.example with SMTP');
    expect(findBorder([unreadable, forged], ['mx.b.example'])).toEqual({ received: 0, untrusted: 1, client: null });
  });

  test('tells the address that the server saw, not one that the client said', () => {
    for (const from of [
      '[10.0.0.1] (evil.example [203.0.113.5])',
      'unknown (HELO [10.0.0.1]) (203.0.113.5)',
      'host ([203.0.113.5] helo=[10.0.0.1])',
      'unknown (HELO [10.0.0.1]\\) (203.0.113.5)',
      'x (helo [10.0.0.1] [203.0.113.5])',
    ])
      expect(readReceived(`from ${from} by mx.b.example with SMTP`)).toMatchObject({
        client: { address: '203.0.113.5' },
      });
    expect(readReceived('from [10.0.0.1] (evil.example [203.0.113.5])by mx.b.example with SMTP')).toMatchObject({
      client: { address: '203.0.113.5' },
    });
    // A HELO of words that look like the rest of the field.
    expect(readReceived('from by.example (x by y [203.0.113.5]) by mx.b.example with SMTP')).toMatchObject({
      by: 'mx.b.example',
    });
  });

  // Postfix writes a HELO with blanks as it came.
  test.each([
    'x by mx.b.example',
    'x (bank.example [198.51.100.1]) by mx.b.example',
    'x (bank.example [198.51.100.1]) by mx.b.example with SMTP; now',
    'x (bank.example [198.51.100.1]) by mx.b.example (',
    'x by mx.b.example (',
    '(',
  ])('tells nothing where the client wrote a clause of its own: HELO %s', (helo) => {
    for (const recipient of ['u@b.example', '")"@b.example'])
      expect(
        readReceived(
          `from ${helo} (evil.example [203.0.113.5]) by mx.b.example (Postfix) with ESMTP id 1 for <${recipient}>; Mon, 1 Jan 2026 00:00:00 +0000`,
        ),
      ).toBeNull();
  });

  test('of a hand-over within a machine tells no client', () => {
    expect(readReceived('by mx.b.example (Postfix, from userid 0) id 1')).toEqual({ by: 'mx.b.example', client: null });
    for (const hop of [
      'localhost by mx.b.example with LMTP',
      'localhost by mx.b.example with ESMTP',
      'ann by mx.b.example with local',
    ])
      expect(readReceived(`from ${hop}`)).toEqual({ by: 'mx.b.example', client: null });
    // Over the network, by a server that keeps addresses to itself.
    expect(readReceived('from x by mx.b.example with ESMTPSA id 1')).toEqual({ by: 'mx.b.example', client: 'unknown' });
  });

  test.each(['', 'from a', '(by mx.b.example)', 'x'.repeat(5_000)])('that says nothing is none: %.20s', (value) => {
    expect(readReceived(value)).toBeNull();
  });
});

test.each([
  '10.1.2.3',
  '127.0.0.1',
  '172.16.0.1',
  '172.31.9.9',
  '192.168.0.1',
  '169.254.1.1',
  '100.64.0.1',
  '::1',
  'fd00::1',
  'fe80::1',
  '::ffff:10.0.0.1',
])('%s is private', (address) => expect(isPrivate(address)).toBe(true));
test.each(['192.0.2.1', '172.32.0.1', '100.128.0.1', '11.0.0.1', '2001:db8::1', '::ffff:192.0.2.1'])(
  '%s is not',
  (address) => expect(isPrivate(address)).toBe(false),
);

describe('the border', () => {
  const outside = received('from evil.example (evil.example [203.0.113.5]) by mx.b.example with SMTP');
  const inside = received('from mx.b.example (mx [10.0.0.2]) by store.b.example with LMTP');
  const forged = received('from bank.example (bank.example [198.51.100.1]) by mx.b.example with SMTP');

  test('is where mail came from a public address', () => {
    expect(findBorder([inside, outside, { name: 'subject', value: '' }, forged], ['*.b.example'])).toEqual({
      received: 1,
      untrusted: 3,
      client: { address: '203.0.113.5', helo: 'evil.example' },
    });
  });

  test('is not behind a server that is not ours', () => {
    expect(findBorder([inside, outside], ['store.b.example'])).toEqual({
      received: 0,
      untrusted: 1,
      client: { address: '10.0.0.2', helo: 'mx.b.example' },
    });
    expect(findBorder([outside], ['other.example'])).toBeNull();
    expect(findBorder([], ['mx.b.example'])).toBeNull();
  });

  test('names are compared whole', () => {
    for (const name of ['b.example', '*.mx.b.example', 'x.b.example']) expect(findBorder([outside], [name])).toBeNull();
    for (const name of ['mx.b.example', 'MX.B.example', '*.b.example', '*.example'])
      expect(findBorder([outside], [name])).not.toBeNull();
  });
});
