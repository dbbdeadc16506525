import { expect, test } from 'vitest';
import { signature, signatureKey } from '../../../src/sinks/webhook/signature.ts';

/** The example that the specification of Standard Webhooks and its libraries use. */
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

test('signs as Standard Webhooks does', () => {
  const body = Buffer.from('{"test": 2432232314}');
  const signed = signature(signatureKey(secret), 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body);
  expect(signed).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
});

test('the prefix of the key is not part of it, and neither is the end of a line', () => {
  expect(signatureKey(`${secret.slice(6)}\n`)).toEqual(signatureKey(secret));
});

test.each(['', 'hunter2', 'not base64 at all, but long enough for it!', 'c2hvcnQ=', 'A'.repeat(88)])(
  'refuses a key that is none, and does not repeat it: %j',
  (key) => {
    expect(() => signatureKey(key)).toThrow(expect.objectContaining({ code: 'SINK_KEY_INVALID', family: 'Stalled' }));
    if (key !== '')
      try {
        signatureKey(key);
      } catch (error) {
        expect(String(error)).not.toContain(key);
      }
  },
);
