import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { checkLive } from '../../../src/message/authentication/live.ts';
import { Lookups } from '../../../src/message/authentication/lookups.ts';
import { CachingResolver } from '../../../src/message/authentication/resolver.ts';
import { maxSignatures } from '../../../src/message/authentication/verifier.ts';
import { signed, signingKey, txt, zoneOf } from './signed.ts';

const key = signingKey(2_048);
/** The record of a key that nobody has: such a one takes minutes to make. */
const largeKey = (bits: number): string => {
  const modulus = Buffer.alloc(bits / 8, 0xd5);
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' };
  const key = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'der' });
  return `v=DKIM1; k=rsa; p=${key.toString('base64')}`;
};
const now = new Date('2026-11-01T12:00:00Z');
const header = 'From: ann@a.example\r\nTo: ben@b.example\r\nSubject: x\r\nDate: Sun, 1 Nov 2026 11:59:00 +0000\r\n';
const message = `${header}\r\nHello.\r\n`;

/** The outcome, the questions that were asked and the seconds of this process that it took. */
async function check(raw: string | Buffer, ...records: readonly string[]) {
  const asked: string[] = [];
  const zone = zoneOf(...records, 'b.example. A 192.0.2.1');
  const resolver = new CachingResolver({
    source: {
      query: (name, type, end) => {
        asked.push(name);
        return zone.query(name, type, end);
      },
    },
    clock: () => 0,
  });
  const { signal } = new AbortController();
  const bytes = typeof raw === 'string' ? Buffer.from(raw, 'latin1') : raw;
  const started = process.cpuUsage();
  const client = { address: '192.0.2.1', helo: 'a.example' };
  const result = await checkLive(
    { raw: bytes, client, mailFrom: 'a@a.example', now },
    new Lookups(resolver, signal),
    signal,
  );
  const { user, system } = process.cpuUsage(started);
  return { result, asked, seconds: (user + system) / 1e6 };
}

describe('hostile mail is checked in bounded time', () => {
  test('a key of 16,384 bits', async () => {
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey });
    const { result, seconds } = await check(raw, txt('s1._domainkey.a.example', largeKey(16_384)));
    expect(result.dkim).toMatchObject([{ result: 'fail', domain: 'a.example' }]);
    expect(seconds).toBeLessThan(1);
  });

  test('1,000 signatures: the first ten are looked at', async () => {
    const signature = (i: number) =>
      `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=d${i}.example; s=s1; l=${i}; h=from:to:subject; bh=AAAA; b=AAAA\r\n`;
    const raw = Array.from({ length: 1_000 }, (_, i) => signature(i)).join('') + message;
    const { result, asked, seconds } = await check(raw);
    expect(result.dkim.slice(0, maxSignatures).map(({ domain }) => domain)).toEqual(
      Array.from({ length: maxSignatures }, (_, i) => `d${i}.example`),
    );
    expect(asked.filter((name) => name.includes('_domainkey')).length).toBeLessThanOrEqual(maxSignatures);
    expect(result.dkim).toHaveLength(maxSignatures);
    expect(seconds).toBeLessThan(2);
  });

  test('signatures that name 10,000 fields, of 10,000', async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `x${i}`).join(':');
    const signature = `DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s1; h=from:${names}; bh=AAAA; b=AAAA\r\n`;
    const fields = Array.from({ length: 10_000 }, (_, i) => `Y${i}: 1\r\n`).join('');
    const { seconds } = await check(signature.repeat(10) + fields + message);
    expect(seconds).toBeLessThan(3);
  });

  test('10,000 Received fields, a field of 100,000 lines, a field of 900 kB, and of blanks', async () => {
    const received =
      'Received: from a (a [192.0.2.1])\r\n\tby b.example with SMTP id 1; Sun, 1 Nov 2026 11:59:00 +0000\r\n';
    for (const part of [
      received.repeat(10_000),
      `X-Long: a${'\r\n a'.repeat(100_000)}\r\n`,
      `X-Wide: ${'a'.repeat(900_000)}\r\n`,
      `Subject: a${' '.repeat(500_000)}b\r\n`,
      `Subject: a${' \t'.repeat(50_000)}\r\n`,
      `${'a'.repeat(500_000)}\r\n`,
      `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s1; h=from:subject; bh=${' '.repeat(400_000)}; b=${' A'.repeat(200_000)}\r\n`,
      `DKIM-Signature: ${'x=;'.repeat(200_000)}\r\n`,
      `ARC-Seal: ${'i=1;'.repeat(100_000)}\r\n`,
      `From: ${'<'.repeat(100_000)}\r\n`,
      `From: ${'a@a.example,'.repeat(50_000)}\r\n`,
      `From: ${'"('.repeat(100_000)}\r\n`,
    ]) {
      const body = part.startsWith('DKIM')
        ? part
        : part + (await signed(message, { domain: 'a.example', privateKey: key.privateKey }));
      const { seconds } = await check(body + message, txt('s1._domainkey.a.example', key.record));
      expect(seconds, part.slice(0, 20)).toBeLessThan(2);
    }
  });

  test('bodies of blanks, of empty lines and of bare line ends', async () => {
    const relaxed =
      'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=a.example; s=s1; h=from; bh=AAAA; b=AAAA\r\n';
    const size = 2 ** 21;
    for (const [what, unit] of [
      ['blanks', ' '],
      ['empty lines', '\r\n'],
      ['bare line feeds', '\n'],
      ['bare carriage returns', '\r'],
      ['blank lines', ' \r\n'],
      ['text', 'some words of text in a line\r\n'],
    ] as const) {
      const { seconds } = await check(`${relaxed}${header}\r\n${unit.repeat(size / unit.length)}`);
      expect(seconds, what).toBeLessThan(4);
    }
  });

  test('more than 32 MiB is not checked', async () => {
    const { result, asked } = await check(Buffer.alloc(32 * 2 ** 20 + 1, 'a'));
    expect(result).toMatchObject({ source: 'none', reason: 'TooLarge', dmarc: { result: 'unverifiable' } });
    expect(asked).toEqual([]);
  });

  test('an SPF record that includes itself, and 100 addresses', async () => {
    const { result, asked } = await check(message, txt('a.example', `v=spf1 ${'include:a.example '.repeat(20)}-all`));
    expect(result.spf.result).toBe('permerror');
    expect(asked.length).toBeLessThan(30);
  });
});
