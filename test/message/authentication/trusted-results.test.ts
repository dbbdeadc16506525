import { describe, expect, test } from 'vitest';
import { trustedResults } from '../../../src/message/authentication/trusted-results.ts';

const results = (value: string) => ({ name: 'authentication-results', value });
const received = (value = 'from x (x [192.0.2.1]) by mx.b.example with SMTP') => ({ name: 'received', value });
const other = { name: 'x-other', value: 'x' };
const summary = (...[fields, ids, hosts]: Parameters<typeof trustedResults>) =>
  trustedResults(fields, ids, hosts)?.results.map(({ method, result }) => `${method}=${result}`);

describe('trusted results', () => {
  const ours = results('mx.b.example; spf=fail; dkim=fail header.d=a; dkim=pass header.d=b');

  test('are those of a server that is named, in any case', () => {
    expect(summary([ours], ['MX.B.example'])).toEqual(['spf=fail', 'dkim=fail', 'dkim=pass']);
    expect(summary([ours], ['b.example', 'x.mx.b.example'])).toBeUndefined();
    expect(summary([results('spf=pass')], ['-'])).toEqual(['spf=pass']);
    expect(summary([results('spf=pass')], ['mx.b.example'])).toBeUndefined();
  });

  test('are of several fields, each method by the topmost that has it', () => {
    const forged = results('mx.b.example; spf=pass; dkim=pass; dmarc=pass');
    expect(summary([other, ours, other, results('mx.b.example; dmarc=fail'), forged], ['mx.b.example'])).toEqual([
      'spf=fail',
      'dkim=fail',
      'dkim=pass',
      'dmarc=fail',
    ]);
  });

  test('end at the next hop and at another server', () => {
    const forged = results('mx.b.example; dmarc=pass');
    expect(summary([received(), ours, received(), forged], ['mx.b.example'])).not.toContain('dmarc=pass');
    expect(summary([ours, results('evil.example; x=y'), forged], ['mx.b.example'])).not.toContain('dmarc=pass');
  });

  test('are not looked for below the border, where that is known', () => {
    const forged = results('mx.b.example; dmarc=pass');
    const fields = [received(), other, received('from y by z'), forged];
    expect(summary(fields, ['mx.b.example'])).toEqual(['dmarc=pass']);
    expect(summary(fields, ['mx.b.example'], ['mx.b.example'])).toBeUndefined();
    expect(summary([received(), ours, received('from y by z')], ['mx.b.example'], ['mx.b.example'])).toContain(
      'spf=fail',
    );
    // No Received of ours: nobody vouches for anything.
    expect(summary([ours, received('from y by z')], ['mx.b.example'], ['mx.b.example'])).toBeUndefined();
  });

  // RFC 8601 §2.6
  test('are not read of a version that is not known', () => {
    const below = results('mx.b.example; dmarc=pass; spf=fail');
    expect(summary([results('mx.b.example 2; dmarc=fail'), below], ['mx.b.example'])).toBeUndefined();
    expect(summary([results('mx.b.example 1; dmarc/2=fail; dkim/1=pass'), below], ['mx.b.example'])).toEqual([
      'dkim=pass',
      'spf=fail',
    ]);
  });

  test('are none where a server says that it checked nothing', () => {
    expect(summary([results('mx.b.example; none')], ['mx.b.example'])).toBeUndefined();
    expect(summary([results('mx.b.example 1; none'), received(), ours], ['mx.b.example'])).toBeUndefined();
  });

  test('stay quick in a header of many fields', () => {
    const fields = Array.from({ length: 10_000 }, () => received());
    fields.push(...Array.from({ length: 1_000 }, () => results(`mx.b.example; ${'dkim=pass;'.repeat(100)}`)));
    const started = process.cpuUsage();
    expect(trustedResults(fields, ['mx.b.example'], ['mx.b.example'])).toBeNull();
    expect(trustedResults(fields, ['mx.b.example'])?.results).toHaveLength(100);
    expect(process.cpuUsage(started).user).toBeLessThan(1_000_000);
  });
});
