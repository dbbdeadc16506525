import { createHmac } from 'node:crypto';
import { stalled } from '../../telemetry/errors.ts';

const prefix = 'whsec_';

/**
 * The key of a signature by Standard Webhooks: base64 of 24 to 64 bytes, `whsec_` in front or not. Throws Stalled `SINK_KEY_INVALID`; its text
 * holds nothing of the key.
 */
export function signatureKey(secret: string): Buffer {
  const text = secret.trim();
  const base64 = text.startsWith(prefix) ? text.slice(prefix.length) : text;
  const key = Buffer.from(base64, 'base64');
  const whole = /^[A-Za-z0-9+/]+={0,2}$/.test(base64) && key.length >= 24 && key.length <= 64;
  if (whole) return key;
  throw stalled(
    'SINK_KEY_INVALID',
    'the key of the signature must be base64 of 24 to 64 bytes, `whsec_` in front or not: `openssl rand -base64 32`',
  );
}

/** `webhook-signature` of Standard Webhooks 1.0: HMAC-SHA256 over id, timestamp in seconds, and body. */
export const signature = (key: Buffer, id: string, timestamp: number, body: Buffer): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
