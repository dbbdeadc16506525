import { evaluateDmarc } from 'mailauth/lib/dmarc/index.js';
import { spf } from 'mailauth/lib/spf/index.js';
import { describe, expect, test } from 'vitest';
import type { DnsSource } from '../../../src/message/authentication/dns.ts';
import { resolverOf } from '../../../src/message/authentication/live.ts';
import { Lookups } from '../../../src/message/authentication/lookups.ts';
import { CachingResolver } from '../../../src/message/authentication/resolver.ts';
import { readZone, zoneSource } from '../../../src/message/authentication/zone.ts';

/** A resolver of a zone that writes down what it is asked, in order. */
function recording(zone: string) {
  const asked: string[] = [];
  const answers = zoneSource(readZone(zone));
  const source: DnsSource = {
    query: (name, type, signal) => {
      asked.push(`${type} ${name}`);
      return answers.query(name, type, signal);
    },
  };
  const caching = new CachingResolver({ source, clock: () => 0 });
  return { asked, resolver: resolverOf(new Lookups(caching, new AbortController().signal)) };
}

interface Identities {
  readonly from: string;
  readonly spf?: string;
  readonly dkim?: string;
}

async function dmarc(zone: string, identities: Identities) {
  const { asked, resolver } = recording(zone);
  const { response } = await evaluateDmarc({
    headerFrom: [`user@${identities.from}`],
    spfDomains: identities.spf === undefined ? [] : [identities.spf],
    dkimDomains: identities.dkim === undefined ? [] : [{ domain: identities.dkim }],
    resolver,
    strict: true,
  });
  if (response === false) throw new Error('DMARC was not evaluated');
  const { status, policy, domain } = response;
  return { asked, result: status.result, policy, domain };
}

describe('the tree walk (RFC 9989 §4.10, appendix B.4)', () => {
  const simple = '_dmarc.example.com. TXT "v=DMARC1; p=reject"\n_dmarc.signing.example.com. TXT "v=DMARC1; p=none"\n';

  test('a simple domain: the author’s own record, and the domain above the signer’s', async () => {
    const found = await dmarc(simple, { from: 'example.com', spf: 'example.com', dkim: 'signing.example.com' });
    expect(found).toMatchObject({ result: 'pass', policy: 'reject', domain: 'example.com' });
  });

  test('a deep one: from more than seven labels to seven at once, eight questions in all', async () => {
    const from = 'a.b.c.d.e.f.g.h.i.j.k.example.com';
    const { asked, ...found } = await dmarc(simple, { from });
    expect(found).toEqual({ result: 'fail', policy: 'reject', domain: 'example.com' });
    const walk = asked.filter((one) => one.startsWith('TXT ')).map((one) => one.slice('TXT _dmarc.'.length));
    expect(walk).toEqual([
      from,
      'g.h.i.j.k.example.com',
      'h.i.j.k.example.com',
      'i.j.k.example.com',
      'j.k.example.com',
      'k.example.com',
      'example.com',
      'com',
    ]);
    expect(await dmarc(simple, { from, dkim: 'signing.example.com' })).toMatchObject({ result: 'pass' });
  });

  const bank =
    '_dmarc.bank.example. TXT ("v=DMARC1; p=none;"\n " psd=y; np=reject")\ngiant.bank.example. A 192.0.2.1\n';

  test('under a public suffix: its policy, its subdomains aligned with themselves alone', async () => {
    const found = await dmarc(bank, { from: 'giant.bank.example', dkim: 'mail.giant.bank.example' });
    expect(found).toMatchObject({ result: 'pass', domain: 'giant.bank.example', policy: 'none' });
    expect(await dmarc(bank, { from: 'giant.bank.example', dkim: 'mega.bank.example' })).toMatchObject({
      result: 'fail',
    });
  });

  test('a name that does not exist has the policy for such', async () => {
    expect(await dmarc(bank, { from: 'none.bank.example' })).toMatchObject({ result: 'fail', policy: 'reject' });
  });

  test('psd=n ends the walk', async () => {
    const zone = `${simple}_dmarc.own.example.com. TXT "v=DMARC1; p=quarantine; psd=n"\n`;
    const { asked, ...found } = await dmarc(zone, { from: 'own.example.com', dkim: 'example.com' });
    expect(found).toEqual({ result: 'fail', policy: 'quarantine', domain: 'own.example.com' });
    expect(asked).not.toContain('TXT _dmarc.com');
  });

  test('two records are none', async () => {
    const zone = `${simple}_dmarc.example.com. TXT "v=DMARC1; p=none"\n`;
    expect(await dmarc(zone, { from: 'example.com' })).toMatchObject({ result: 'none' });
  });
});

describe('the limits of SPF (RFC 7208 §4.6.4)', () => {
  const check = async (zone: string) => {
    const { asked, resolver } = recording(zone);
    const { status } = await spf({
      sender: 'user@example.com',
      ip: '192.0.2.9',
      helo: 'mx.example.com',
      mta: 'mta.test',
      resolver,
      strict: true,
    });
    return { result: status.result, questions: asked.length };
  };
  const policy = (mechanism: (number: number) => string, count: number): string =>
    `$ORIGIN example.com.\n@ TXT "v=spf1 ${Array.from({ length: count }, (_, i) => mechanism(i)).join(' ')} -all"\n`;

  test.each([
    [2, 'fail'],
    [3, 'permerror'],
  ])('%i lookups without an answer: %s', async (count, result) => {
    expect((await check(policy((i) => `exists:none${i}.example.com`, count))).result).toBe(result);
  });

  test.each([
    [10, 'fail'],
    [11, 'permerror'],
  ])('%i lookups: %s', async (count, result) => {
    const hosts = Array.from({ length: count }, (_, i) => `a${i} A 192.0.2.1`).join('\n');
    const found = await check(`${policy((i) => `a:a${i}.example.com`, count)}${hosts}\n`);
    expect(found.result).toBe(result);
    expect(found.questions).toBeLessThanOrEqual(11);
  });
});
