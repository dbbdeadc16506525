import { generateKeyPairSync } from 'node:crypto';
import { sealMessage } from 'mailauth/lib/arc/index.js';
import { dkimSign } from 'mailauth/lib/dkim/sign.js';
import type { DnsSource } from '../../../src/message/authentication/dns.ts';
import { readZone, zoneSource } from '../../../src/message/authentication/zone.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;

/** A key and the text of its DNS record. */
export function signingKey(bits?: number) {
  if (bits === undefined) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32).toString('base64');
    return { privateKey: String(privateKey.export(pem)), record: `v=DKIM1; k=ed25519; p=${raw}` };
  }
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  const raw = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  return { privateKey: String(privateKey.export(pem)), record: `v=DKIM1; k=rsa; p=${raw}` };
}

/** A TXT record as a line of a zone file. */
export const txt = (name: string, text: string): string =>
  `${name}. TXT ${(text.match(/.{1,200}/g) ?? []).map((part) => `"${part}"`).join(' ')}`;

export const zoneOf = (...lines: readonly string[]): DnsSource => zoneSource(readZone(lines.join('\n')));

interface SigningOptions {
  readonly domain: string;
  readonly privateKey: string;
  readonly selector?: string;
  /** Bytes of the body that are signed. */
  readonly length?: number;
  readonly expires?: Date;
  readonly signTime?: Date;
}

/** The message with a DKIM signature. */
export async function signed(message: string, options: SigningOptions): Promise<string> {
  const { domain, privateKey, selector = 's1', length, expires, signTime } = options;
  const key = { signingDomain: domain, selector, privateKey };
  const { signatures, errors } = await dkimSign(message, {
    ...key,
    signatureData: [{ ...key, ...(length !== undefined && { maxBodyLength: length }) }],
    ...(signTime && { signTime }),
    ...(expires && { expires }),
  });
  if (errors.length > 0) throw new Error('the test cannot sign', { cause: errors[0]?.err });
  return signatures + message;
}

/** The message with an ARC set. */
export async function sealed(message: string, domain: string, privateKey: string, results: string): Promise<string> {
  const set = await sealMessage(message, {
    signingDomain: domain,
    selector: 's1',
    privateKey,
    authResults: results,
    cv: 'none',
  });
  return set.toString('latin1') + message;
}
