import { describe, expect, test } from 'vitest';
import type { RecordType } from '../../../src/message/authentication/dns.ts';
import { readZone, zoneSource } from '../../../src/message/authentication/zone.ts';

const { signal } = new AbortController();

const text = `$ORIGIN example.com.
$TTL 1h
@        IN  SOA ns.example.com. admin.example.com. ( 1 ; serial
                 2h 15m 4w 1h )
         300 IN TXT "v=spf1 ip4:192.0.2.1 " "-all"   ; the policy
         MX  10 mail
         IN  MX 20 mail.example.org.
mail     A   192.0.2.1
         3600 AAAA 2001:db8::1
alias    CNAME mail
loop     CNAME loop
quoted   TXT "semi;colon" back\\;slash "a\\"b" "\\065\\066"
*.wild   A   192.0.2.9
deep.empty.non A 192.0.2.3
tight    TXT("one"
             "two" ; the second
             three"four")
empty    TXT "" "x"
$origin other.test.
@        TXT second
$ORIGIN .
test.    TXT top
plain    A 192.0.2.4
`;

const ask = async (name: string, type: RecordType) => zoneSource(readZone(text)).query(name, type, signal);

describe('a zone file', () => {
  test('has records of the types that are asked for', async () => {
    expect(await ask('example.com', 'TXT')).toEqual({ kind: 'records', records: [['v=spf1 ip4:192.0.2.1 ', '-all']] });
    expect(await ask('EXAMPLE.com.', 'MX')).toEqual({
      kind: 'records',
      records: [
        { priority: 10, exchange: 'mail.example.com' },
        { priority: 20, exchange: 'mail.example.org' },
      ],
    });
    expect(await ask('mail.example.com', 'AAAA')).toEqual({ kind: 'records', records: ['2001:db8::1'] });
    expect(await ask('other.test', 'TXT')).toEqual({ kind: 'records', records: [['second']] });
    expect(await ask('quoted.example.com', 'TXT')).toEqual({
      kind: 'records',
      records: [['semi;colon', 'back;slash', 'a"b', 'AB']],
    });
  });

  test('has strings in parentheses, without blanks between, and empty ones', async () => {
    expect(await ask('tight.example.com', 'TXT')).toEqual({
      kind: 'records',
      records: [['one', 'two', 'three', 'four']],
    });
    expect(await ask('empty.example.com', 'TXT')).toEqual({ kind: 'records', records: [['', 'x']] });
  });

  test('may be that of the root', async () => {
    expect(await ask('test', 'TXT')).toEqual({ kind: 'records', records: [['top']] });
    expect(await ask('plain', 'A')).toEqual({ kind: 'records', records: ['192.0.2.4'] });
  });

  test('follows aliases, and ends in a circle of them', async () => {
    expect(await ask('alias.example.com', 'A')).toEqual({ kind: 'records', records: ['192.0.2.1'] });
    expect(await ask('alias.example.com', 'TXT')).toEqual({ kind: 'noData' });
    expect(await ask('loop.example.com', 'A')).toEqual({ kind: 'failure', failure: 'SERVFAIL' });
  });

  test('tells names without such records from names that do not exist', async () => {
    expect(await ask('mail.example.com', 'TXT')).toEqual({ kind: 'noData' });
    expect(await ask('empty.non.example.com', 'A')).toEqual({ kind: 'noData' });
    expect(await ask('none.example.com', 'A')).toEqual({ kind: 'noName' });
    expect(await ask('example.net', 'A')).toEqual({ kind: 'noName' });
  });

  test('has other types of the registry, for the names alone', async () => {
    const { query } = zoneSource(readZone('a.example. CAA 0 issue "ca.example"\nb.example. TYPE65280 \\# 0\n'));
    for (const name of ['a.example', 'b.example']) expect(await query(name, 'A', signal)).toEqual({ kind: 'noData' });
    const { query: root } = zoneSource(readZone('a.example. MX 0 .\n'));
    expect(await root('a.example', 'MX', signal)).toEqual({
      kind: 'records',
      records: [{ priority: 0, exchange: '' }],
    });
  });

  test('has wildcards', async () => {
    expect(await ask('a.b.wild.example.com', 'A')).toEqual({ kind: 'records', records: ['192.0.2.9'] });
    expect(await ask('a.wild.example.com', 'TXT')).toEqual({ kind: 'noData' });
    expect(await ask('wild.example.com', 'A')).toEqual({ kind: 'noData' });
  });

  test.each(['$2y$10$SECRET', '$SECRET a b', 'a. SECRET', 'SECRET A 1.2.3.4', 'a. A SECRET', 'a. "SECRET'])(
    'that is none is not quoted in the error: %s',
    (secret) => {
      expect(() => readZone(secret)).toThrow(
        expect.objectContaining({ code: 'ZONE_FILE_INVALID', message: expect.not.stringContaining('SECRET') }),
      );
    },
  );

  test.each([
    ['example.com. A 999.0.0.1', 'line 1'],
    ['\n\nexample.com. AAAA 192.0.2.1', 'line 3'],
    ['mail A 192.0.2.1', 'ORIGIN'],
    ['@ A 192.0.2.1', 'ORIGIN'],
    [' A 192.0.2.1', 'begins with a blank'],
    ['$INCLUDE other', '$INCLUDE'],
    ['example.com. CH A 192.0.2.1', 'type'],
    ['example.com. TXT "open', 'quoted string'],
    ['example.com. TXT (a', 'parenthesis'],
    ['example.com. TXT a)', 'parenthesis'],
    ['example.com. MX mail.example.com.', 'MX'],
    ['example.com. TXT', 'without data'],
    ['\nexample.com. A 192.0.2.1 192.0.2.2', 'line 2 of the zone file has more behind A'],
    ['example.com. CNAME a. b.', 'more behind CNAME'],
    ['example.com. MX 10 mail. more.', 'more behind MX'],
    ['example.com. MX 65536 mail.', 'MX'],
    ['$ORIGIN example.com. example.net.', 'more behind $ORIGIN'],
    ['\n\nexample.com. TXTT "v=spf1 -all"', 'line 3 of the zone file has a type of record that nobody knows'],
    ['example..com. A 192.0.2.1', 'name that cannot be'],
    [`example.com. CNAME ${'x'.repeat(64)}.com.`, 'name that cannot be'],
    ['\nexample.com. TXT (a\nb\nc', 'line 2 of the zone file opens a parenthesis'],
  ])('that is wrong says where: %s', (wrong, says) => {
    expect(() => readZone(wrong)).toThrow(
      expect.objectContaining({ code: 'ZONE_FILE_INVALID', message: expect.stringContaining(says) }),
    );
  });
});
