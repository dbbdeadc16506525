import { describe, expect, test } from 'vitest';
import { readAuthenticationResults } from '../../../src/message/authentication/authentication-results.ts';

const one = (value: string) => readAuthenticationResults(value)?.results;
const result = (method: string, outcome: string, ...properties: readonly [string, string, string][]) => ({
  method,
  methodVersion: 1,
  result: outcome,
  reason: '',
  properties: properties.map(([ptype, property, value]) => ({ ptype, property, value })),
});

describe('Authentication-Results', () => {
  // RFC 8601, appendix B.
  test('without a result', () => {
    expect(readAuthenticationResults('example.org 1; none')).toEqual({
      authservId: 'example.org',
      version: 1,
      results: [],
    });
  });

  test('with one', () => {
    expect(readAuthenticationResults('Example.com;  spf=pass smtp.mailfrom=example.net')).toEqual({
      authservId: 'example.com',
      version: 1,
      results: [result('spf', 'pass', ['smtp', 'mailfrom', 'example.net'])],
    });
  });

  test('with several, of one method too, and comments', () => {
    expect(
      one(
        'example.com; dkim=pass reason="good signature" header.i=@mail-router.example.net; dkim=fail reason="bad signature" header.i=@newyork.example.com',
      ),
    ).toEqual([
      { ...result('dkim', 'pass', ['header', 'i', '@mail-router.example.net']), reason: 'good signature' },
      { ...result('dkim', 'fail', ['header', 'i', '@newyork.example.com']), reason: 'bad signature' },
    ]);
    // Comments stand wherever blanks may (appendix B.7).
    expect(
      one(
        "foo.example.net (foobar) 1 (baz); dkim (Because I like it) / 1 (One yay) = (wait for it) fail policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462",
      ),
    ).toEqual([result('dkim', 'fail', ['policy', 'expired', '1362471462'])]);
  });

  test('with nested comments, escapes, and semicolons in both', () => {
    expect(one('a.example; spf=pass (a (b; \\) c) ; d) smtp.mailfrom="x; \\"y\\""@b.example; dkim=none')).toEqual([
      result('spf', 'pass', ['smtp', 'mailfrom', 'x; "y"@b.example']),
      result('dkim', 'none'),
    ]);
  });

  test('as large providers write it', () => {
    expect(
      one(
        'mx.google.com;       dkim=pass header.i=@example.com header.s=s1 header.b="ab/c+d=";       spf=pass (google.com: domain of a@example.com designates 192.0.2.1 as permitted sender) smtp.mailfrom=a@example.com;       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.com',
      ),
    ).toEqual([
      result('dkim', 'pass', ['header', 'i', '@example.com'], ['header', 's', 's1'], ['header', 'b', 'ab/c+d=']),
      result('spf', 'pass', ['smtp', 'mailfrom', 'a@example.com']),
      result('dmarc', 'pass', ['header', 'from', 'example.com']),
    ]);
    expect(
      readAuthenticationResults(
        'spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.com; dkim=pass (signature was verified) header.d=example.com;dmarc=pass action=none header.from=example.com;compauth=pass reason=100',
      ),
    ).toEqual({
      authservId: '',
      version: 1,
      results: [
        result('spf', 'pass', ['smtp', 'mailfrom', 'example.com']),
        result('dkim', 'pass', ['header', 'd', 'example.com']),
        result('dmarc', 'pass', ['header', 'from', 'example.com']),
        { ...result('compauth', 'pass'), reason: '100' },
      ],
    });
  });

  test('with a version of a method, a quoted id, and what breaks the grammar in between', () => {
    expect(readAuthenticationResults('"quoted id" 2; dkim/2=pass; =; ;x; spf=; =pass; dmarc=fail header.from')).toEqual(
      {
        authservId: 'quoted id',
        version: 2,
        results: [{ ...result('dkim', 'pass'), methodVersion: 2 }, result('dmarc', 'fail')],
      },
    );
  });

  test.each(['', '   ', ';;;', '(only a comment', `a.example; ${'x'.repeat(70_000)}`])(
    'that says nothing: %.20s',
    (value) => {
      expect(readAuthenticationResults(value)?.results ?? []).toEqual([]);
    },
  );

  test('is bounded', () => {
    const many = `a.example; ${'dkim=pass header.d=a.example;'.repeat(2_000)}`;
    expect(one(many)).toHaveLength(100);
    const properties = one(`a.example; dkim=pass ${'header.d=x '.repeat(5_000)}`)?.[0]?.properties;
    expect(properties).toHaveLength(32);
  });
});
