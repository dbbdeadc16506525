import { describe, expect, test } from 'vitest';
import type { DnsSource } from '../../../src/message/authentication/dns.ts';
import { checkLive } from '../../../src/message/authentication/live.ts';
import { Lookups } from '../../../src/message/authentication/lookups.ts';
import { CachingResolver } from '../../../src/message/authentication/resolver.ts';
import { sealed, signed, signingKey, txt, zoneOf } from './signed.ts';

const { signal } = new AbortController();
const now = new Date('2026-11-01T12:00:00Z');
const key = signingKey(2_048);
const ed = signingKey();
const message =
  'From: Ann <ann@a.example>\r\nTo: ben@b.example\r\nSubject: Hello\r\nDate: Sun, 1 Nov 2026 11:59:00 +0000\r\nMessage-ID: <1@a.example>\r\n\r\nHello Ben.\r\n';
const records = [
  txt('a.example', 'v=spf1 ip4:192.0.2.1 -all'),
  txt('_dmarc.a.example', 'v=DMARC1; p=reject'),
  txt('s1._domainkey.a.example', key.record),
  txt('s2._domainkey.a.example', ed.record),
  txt('s1._domainkey.list.example', key.record),
  'ns.a.example. A 192.0.2.53',
];

interface Options {
  readonly source?: DnsSource;
  readonly address?: string;
  readonly mailFrom?: string | null;
  readonly signal?: AbortSignal;
  readonly at?: Date;
}

async function check(raw: string, options: Options = {}) {
  const { source = zoneOf(...records), address = '192.0.2.1', mailFrom = 'ann@a.example', at = now } = options;
  const lookups = new Lookups(new CachingResolver({ source, clock: () => 0 }), options.signal ?? signal);
  const client = { address, helo: 'mail.a.example' };
  return await checkLive(
    { raw: Buffer.from(raw, 'latin1'), client, mailFrom, now: at },
    lookups,
    options.signal ?? signal,
  );
}

/** The zone with some names that cannot be looked up now. */
function failing(...names: readonly string[]): DnsSource {
  const source = zoneOf(...records);
  return {
    query: async (name, type, end) =>
      names.includes(name) ? { kind: 'failure', failure: 'SERVFAIL' } : source.query(name, type, end),
  };
}

describe('live checks', () => {
  test('pass what is authentic', async () => {
    const raw = await signed(await signed(message, { domain: 'a.example', privateKey: key.privateKey }), {
      domain: 'a.example',
      privateKey: ed.privateKey,
      selector: 's2',
    });
    expect(await check(raw)).toEqual({
      source: 'live',
      server: '',
      reason: '',
      spf: { result: 'pass', domain: 'a.example' },
      dkim: [
        { result: 'pass', domain: 'a.example', selector: 's2', unsignedBytes: 0 },
        { result: 'pass', domain: 'a.example', selector: 's1', unsignedBytes: 0 },
      ],
      dmarc: {
        result: 'pass',
        policy: 'reject',
        domain: 'a.example',
        alignment: { spf: 'a.example', dkim: 'a.example' },
      },
      arc: { result: 'none', instance: 0, domain: '' },
    });
    // As a Maildir holds it.
    expect(await check(raw.replaceAll('\r\n', '\n'))).toMatchObject({ dkim: [{ result: 'pass' }, { result: 'pass' }] });
  });

  test('fail what is forged', async () => {
    expect(await check(message, { address: '203.0.113.9' })).toMatchObject({
      spf: { result: 'fail' },
      dkim: [{ result: 'none', domain: '' }],
      dmarc: { result: 'fail', policy: 'reject', domain: 'a.example' },
    });
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey });
    expect(await check(raw.replace('Hello Ben', 'Hello Bob'), { address: '203.0.113.9' })).toMatchObject({
      dkim: [{ result: 'fail', domain: 'a.example' }],
      dmarc: { result: 'fail' },
    });
  });

  test('do not align what is of another domain', async () => {
    const raw = await signed(message, { domain: 'list.example', privateKey: key.privateKey });
    expect(await check(raw, { mailFrom: 'bounces@list.example' })).toMatchObject({
      spf: { result: 'none', domain: 'list.example' },
      dkim: [{ result: 'pass', domain: 'list.example' }],
      dmarc: { result: 'fail' },
    });
  });

  test('look at HELO when the sender is empty, and not at SPF when it is not known', async () => {
    expect(await check(message, { mailFrom: '' })).toMatchObject({ spf: { result: 'none', domain: 'mail.a.example' } });
    expect(await check(message, { mailFrom: null })).toMatchObject({
      spf: { result: 'unverifiable', domain: '' },
      dmarc: { result: 'unverifiable', domain: 'a.example' },
    });
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey });
    expect(await check(raw, { mailFrom: null })).toMatchObject({ dmarc: { result: 'pass' } });
  });

  test('call a name that cannot be looked up now a temporary error, never a failure', async () => {
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey });
    const source = failing('a.example', 's1._domainkey.a.example', '_dmarc.a.example');
    expect(await check(raw, { source })).toMatchObject({
      spf: { result: 'temperror' },
      dkim: [{ result: 'temperror' }],
      dmarc: { result: 'temperror' },
    });
    const chain = await sealed(message, 'list.example', key.privateKey, 'list.example; spf=pass');
    expect(await check(chain)).toMatchObject({ arc: { result: 'pass', instance: 1, domain: 'list.example' } });
    expect(await check(chain, { source: failing('s1._domainkey.list.example') })).toMatchObject({
      arc: { result: 'temperror' },
    });
    expect(await check(chain.replace('Hello Ben', 'Hello Bob'))).toMatchObject({ arc: { result: 'fail' } });
  });

  test('say that DMARC is not known where a lookup that failed might have made it pass', async () => {
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey });
    const address = '203.0.113.9';
    expect(await check(raw, { address, source: failing('s1._domainkey.a.example') })).toMatchObject({
      dkim: [{ result: 'temperror' }],
      dmarc: { result: 'temperror', policy: 'reject', domain: 'a.example', alignment: { spf: '', dkim: '' } },
    });
    expect(await check(message, { source: failing('a.example') })).toMatchObject({
      spf: { result: 'temperror' },
      dmarc: { result: 'temperror' },
    });
    // A signature of another domain would not have helped.
    const other = await signed(message, { domain: 'list.example', privateKey: key.privateKey });
    expect(await check(other, { address, source: failing('s1._domainkey.list.example') })).toMatchObject({
      dkim: [{ result: 'temperror' }],
      dmarc: { result: 'fail' },
    });
  });

  test('tell bytes that anybody may have added', async () => {
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey, length: 12 });
    expect(await check(raw)).toMatchObject({ dkim: [{ result: 'pass', unsignedBytes: 0 }] });
    expect(await check(`${raw}and more\r\n`)).toMatchObject({ dkim: [{ result: 'pass', unsignedBytes: 10 }] });
  });

  test('go by the clock that they are given', async () => {
    const raw = await signed(message, {
      domain: 'a.example',
      privateKey: key.privateKey,
      signTime: new Date('2026-11-01T00:00:00Z'),
      expires: new Date('2026-11-02T00:00:00Z'),
    });
    expect(await check(raw)).toMatchObject({ dkim: [{ result: 'pass' }] });
    expect(await check(raw, { at: new Date('2026-11-03T00:00:00Z') })).toMatchObject({ dkim: [{ result: 'neutral' }] });
  });

  test('find no author in mail that has none, or two', async () => {
    expect(await check(message.replace(/^From.*\r\n/, ''))).toMatchObject({ dmarc: { result: 'none', domain: '' } });
    expect(await check(`From: eve@e.example\r\n${message}`)).toMatchObject({ dmarc: { result: 'permerror' } });
    expect(await check(message.replace('<ann@a.example>', '<ann@a.example>, eve@e.example'))).toMatchObject({
      dmarc: { result: 'permerror' },
    });
  });

  test('end when they must', async () => {
    const stop = new AbortController();
    const source: DnsSource = { query: () => new Promise(() => undefined) };
    const raw = await signed(message, { domain: 'a.example', privateKey: key.privateKey });
    const checking = check(raw, { source, signal: stop.signal });
    stop.abort();
    expect(await checking).toMatchObject({ source: 'none', reason: 'TooLate', dmarc: { result: 'unverifiable' } });
  });
});
