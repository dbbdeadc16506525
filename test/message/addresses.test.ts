import { describe, expect, test } from 'vitest';
import { parseAddresses } from '../../src/message/addresses.ts';
import { Defects } from '../../src/message/defects.ts';

const read = (text: string) =>
  parseAddresses(text, 'to', new Defects()).map(({ name, address, group }) =>
    group === undefined ? `${name}|${address}` : `${name}|${address}|${group}`,
  );
const defectsOf = (text: string) => {
  const defects = new Defects();
  parseAddresses(text, 'to', defects);
  return defects.list().map((defect) => defect.code);
};

describe('parseAddresses', () => {
  test.each([
    // RFC 5322 appendix A.1
    ['John Doe <jdoe@machine.example>', ['John Doe|jdoe@machine.example']],
    [
      'Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>',
      ['Mary Smith|mary@x.test', '|jdoe@example.org', 'Who?|one@y.test'],
    ],
    [
      '<boss@nil.test>, "Giant; \\"Big\\" Box" <sysservices@example.net>',
      ['|boss@nil.test', 'Giant; "Big" Box|sysservices@example.net'],
    ],
    [
      'A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;',
      ['Ed Jones|c@a.test|A Group', '|joe@where.test|A Group', 'John|jdoe@one.test|A Group'],
    ],
    ['Undisclosed recipients:;', []],
    // empty groups as mail servers hand them on
    ['<undisclosed-recipients:;>', []],
    ['<undisclosed-recipients:;@example.org>, a@example.org', ['|a@example.org']],
    ['<Undisclosed recipients:@example.org;>', []],
    // colons that begin no group
    [':;', []],
    [': a@example.org', ['|a@example.org']],
    // A.5: comments and folding
    ['Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>', ['Pete|pete@silly.test']],
    [
      "A Group(Some people) :Chris Jones <c@(Chris's host.)public.example>, joe@example.org, John <jdoe@one.test> (my dear friend); (the end of the group)",
      ['Chris Jones|c@public.example|A Group', '|joe@example.org|A Group', 'John|jdoe@one.test|A Group'],
    ],
    ['(Empty list)(start)Hidden recipients :(nobody(that I know)) ;', []],
    // A.6: obsolete forms
    ['Joe Q. Public <john.q.public@example.com>', ['Joe Q. Public|john.q.public@example.com']],
    [
      'Mary Smith <@node.test:mary@example.net>, , jdoe@test . example',
      ['Mary Smith|mary@example.net', '|jdoe@test.example'],
    ],
    ['John Doe <jdoe@machine(comment). example>', ['John Doe|jdoe@machine.example']],
    ['Mary Smith <@a.test,@b.test:mary@example.net>', ['Mary Smith|mary@example.net']],
    // what senders do beside it
    ['jdoe@example.org (John Doe)', ['John Doe|jdoe@example.org']],
    ['"john doe"@example.org', ['|"john doe"@example.org']],
    ['=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.ulg.ac.be>', ['André Pirard|PIRARD@vm1.ulg.ac.be']],
    ['"=?utf-8?Q?Caf=C3=A9=2C_Bar?=" <a@example.org>', ['Café, Bar|a@example.org']],
    ['one@example.org; two@example.org', ['|one@example.org', '|two@example.org']],
    ['=?utf-8?Q?Doe,_John?= <j@example.org>, b@example.org', ['Doe, John|j@example.org', '|b@example.org']],
    ['=?utf-8?Q?J_<x@example.net>?= <j@example.org>', ['J <x@example.net>|j@example.org']],
    ['=?utf-8?Q?a?= j@example.org', ['a|j@example.org']],
    ['J <j@example.org> <mailto:j@example.org>', ['J|j@example.org']],
    ['mailto:a@example.org, b@example.org', ['|a@example.org', '|b@example.org']],
    ['root', ['root|']],
    // names of local users stay: two in a row, one in quotes, one behind a semicolon
    ['ann, bob, J <j@example.org>', ['ann|', 'bob|', 'J|j@example.org']],
    ['"ann", J <j@example.org>', ['ann|', 'J|j@example.org']],
    ['ann, "J" <j@example.org>', ['ann|', 'J|j@example.org']],
    ['ann; J <j@example.org>', ['ann|', 'J|j@example.org']],
    ['ann, <j@example.org>', ['ann|', '|j@example.org']],
    ['ann, j@example.org (J)', ['ann|', 'J|j@example.org']],
    ['"" <>', []],
    ['<<a@example.org>>', ['|a@example.org']],
    ['>, > <a@example.org>, >', ['|a@example.org']],
    ['a@example.org>, b@example.org', ['|a@example.org', '|b@example.org']],
    ['<mailto:a@example.org>', ['|a@example.org']],
    ['Jörg Müller <j@example.org>', ['Jörg Müller|j@example.org']],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  test('the domain is the lower-case part behind the last @', () => {
    expect(parseAddresses('"a@b"@Example.ORG, root <root>', 'to', new Defects()).map((a) => a.domain)).toEqual([
      'example.org',
      '',
    ]);
  });

  test.each([
    [
      '"John <john@example.org>, b@example.org',
      ['John|john@example.org', '|b@example.org'],
      'ADDRESS_QUOTE_UNTERMINATED',
    ],
    ['John (x <john@example.org>', ['John x|john@example.org'], 'ADDRESS_COMMENT_UNTERMINATED'],
    [
      'John <john@example.org, b@example.org',
      ['John|john@example.org', '|b@example.org'],
      'ADDRESS_ANGLE_UNTERMINATED',
    ],
    ['J <j@example.org> B (x) <b@example.org>', ['J|j@example.org', 'B|b@example.org'], 'ADDRESS_SEPARATOR_MISSING'],
    ['"j@example.org"', ['|j@example.org'], 'ADDRESS_IN_NAME'],
    ['Doe, J. <j@example.org>, b@example.org', ['Doe, J.|j@example.org', '|b@example.org'], 'ADDRESS_COMMA_UNQUOTED'],
    ['G: Doe, J <j@example.org>;', ['Doe, J|j@example.org|G'], 'ADDRESS_COMMA_UNQUOTED'],
    ['=?utf-8?B?SsO2IDxqQGV4YW1wbGUub3JnPg==?=', ['Jö|j@example.org'], 'ADDRESS_IN_NAME'],
  ])('%s is repaired', (text, expected, code) => {
    expect(read(text)).toEqual(expected);
    expect(defectsOf(text)).toEqual([code]);
  });

  test.each([
    ['müller@bücher.example', 'xn--bcher-kva.example'],
    ['a@XN--BCHER-KVA.example', 'xn--bcher-kva.example'],
    ['用户@例子.测试', 'xn--fsqu00a.xn--0zwm56d'],
    ['a@xn--Ü.example', 'xn--ü.example'], // what is no domain name stays
  ])('the domain of %s is %s', (text, domain) => {
    expect(parseAddresses(text, 'to', new Defects())[0]?.domain).toBe(domain);
  });
});
