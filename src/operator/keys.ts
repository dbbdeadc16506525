import { createHash, createHmac, createSecretKey } from 'node:crypto';
import type { SecretKey } from '../pipeline/revision/revision.ts';

/** What the operator derives from its own key; the same after every restart. */
export interface Keys {
  /** Bearer token of `/status` of a pipeline's workers. */
  token(namespace: string, pipeline: string): string;
  /** Hex SHA-256 of that token: all that a pod is given. */
  tokenSha256(namespace: string, pipeline: string): string;
  /** Stands for the value of one key of a Secret: tells whether it changed, and nothing else. */
  value(namespace: string, secret: SecretKey, value: Buffer): string;
  /** One hash over several keys of Secrets, given the HMAC of each value. */
  combined(values: readonly (SecretKey & { readonly hmac: string })[]): string;
}

const maxTokenHashes = 20_000;

/** Keys derived from `key`, at least 16 bytes of the operator's own. */
export function createKeys(key: Buffer): Keys {
  // A key object is made once: of bytes, Node makes one at each call.
  const secret = createSecretKey(key);
  const hmac = (...parts: readonly (string | Buffer)[]) =>
    parts.reduce((mac, part) => mac.update(part), createHmac('sha256', secret));
  const token = (namespace: string, pipeline: string) => hmac(`${namespace}/${pipeline}`).digest('base64url');
  // Asked for at each look at a pipeline, and always the same.
  const tokenHashes = new Map<string, string>();
  return {
    token,
    tokenSha256: (namespace, pipeline) => {
      const name = `${namespace}/${pipeline}`;
      const known = tokenHashes.get(name);
      if (known !== undefined) return known;
      const hash = createHash('sha256').update(token(namespace, pipeline)).digest('hex');
      if (tokenHashes.size >= maxTokenHashes) tokenHashes.clear();
      tokenHashes.set(name, hash);
      return hash;
    },
    // A zero byte is in no name: no token can be the HMAC of a value.
    value: (namespace, secret, value) =>
      hmac(`secret\0${namespace}\0${secret.name}\0${secret.key}\0`, value).digest('hex').slice(0, 32),
    combined: (values) =>
      hmac(
        'secrets\0',
        values
          .map(({ name, key: of, hmac: mac }) => `${name}/${of}=${mac}`)
          .sort()
          .join('\n'),
      )
        .digest('hex')
        .slice(0, 16),
  };
}
