import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { stalled } from '../telemetry/errors.ts';

const algorithm = 'aes-256-gcm';
const version = 1;
const ivBytes = 12;
const tagBytes = 16;

/**
 * The key of a Secret's text: 32 bytes in base64 or base64url, or in 64 hex digits. Throws Stalled `ENCRYPTION_KEY_INVALID`.
 */
export function encryptionKey(text: string): Buffer {
  const trimmed = text.trim();
  if (/^[0-9a-fA-F]{64}$/.test(trimmed)) return Buffer.from(trimmed, 'hex');
  const key = /^[A-Za-z0-9+/_-]{43}=?$/.test(trimmed) ? Buffer.from(trimmed, 'base64') : Buffer.alloc(0);
  if (key.length === 32) return key;
  throw stalled(
    'ENCRYPTION_KEY_INVALID',
    'the key that encryption.keyRef names is not 32 bytes in base64; make one with `openssl rand -base64 32`',
  );
}

/**
 * Seals a text with AES-256-GCM: a version byte, 12 bytes of nonce, 16 bytes of tag, the ciphertext. It opens with the same key and the same
 * `context` alone, so that a row cannot be put in another's place.
 */
export function seal(text: string, key: Buffer, context: string, nonce: Buffer = randomBytes(ivBytes)): Buffer {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(Buffer.from(context));
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return Buffer.concat([Buffer.of(version), nonce, cipher.getAuthTag(), sealed]);
}

/** Opens what `seal` made. Throws Stalled `ENCRYPTION_KEY_CHANGED`. */
export function unseal(sealed: Buffer, key: Buffer, context: string): string {
  try {
    if (sealed[0] !== version) throw new Error(`sealed by version ${sealed[0]}`);
    const tagAt = 1 + ivBytes;
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(1, tagAt), { authTagLength: tagBytes });
    decipher.setAAD(Buffer.from(context));
    decipher.setAuthTag(sealed.subarray(tagAt, tagAt + tagBytes));
    return Buffer.concat([decipher.update(sealed.subarray(tagAt + tagBytes)), decipher.final()]).toString('utf8');
  } catch (cause) {
    throw stalled(
      'ENCRYPTION_KEY_CHANGED',
      'the refresh token in the store was encrypted with another key; put the former key back into the Secret that encryption.keyRef names, or a new refresh token into the Secret of auth.secretRef',
      { cause },
    );
  }
}
