import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptionKey, seal, unseal } from '../../src/store/credentials-seal.ts';

const key = randomBytes(32);

describe('a sealed text', () => {
  test('opens with its key and context alone, and is another each time', () => {
    const one = seal('grüße', key, 'here');
    expect(unseal(one, key, 'here')).toBe('grüße');
    expect(seal('grüße', key, 'here').equals(one)).toBe(false);
    expect(() => unseal(one, randomBytes(32), 'here')).toThrow(
      expect.objectContaining({ code: 'ENCRYPTION_KEY_CHANGED' }),
    );
    expect(() => unseal(one, key, 'there')).toThrow(expect.objectContaining({ code: 'ENCRYPTION_KEY_CHANGED' }));
  });

  test('that was changed, at any byte, or cut does not open', () => {
    const sealed = seal('token', key, '');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = changed[at]! ^ 1;
      expect(() => unseal(changed, key, '')).toThrow();
      expect(() => unseal(sealed.subarray(0, at), key, '')).toThrow();
    }
  });
});

describe('a key', () => {
  test.each([
    ['base64', key.toString('base64')],
    ['base64 with a newline', `${key.toString('base64')}\n`],
    ['base64url', key.toString('base64url')],
    ['hex', key.toString('hex')],
  ])('in %s is read', (_, text) => {
    expect(encryptionKey(text).equals(key)).toBe(true);
  });

  const wrong = ['', 'secret', randomBytes(16).toString('base64'), randomBytes(33).toString('base64'), 'a'.repeat(63)];
  test.each(wrong)('%j is none', (text) => {
    expect(() => encryptionKey(text)).toThrow(expect.objectContaining({ code: 'ENCRYPTION_KEY_INVALID' }));
  });
});
