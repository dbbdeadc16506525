import { Defects } from './defects.ts';
import { firstField, type HeaderField } from './headers.ts';
import type { Protection } from './message.ts';
import { parseParameters } from './parameters.ts';
import type { SmimeKind } from './smime/content-info.ts';

const kindOf = (protocol: string): Protection['kind'] | null => {
  if (/^application\/(?:x-)?pkcs7-/.test(protocol)) return 'smime';
  return protocol.startsWith('application/pgp-') ? 'pgp' : null;
};

/** Whether a part may be an S/MIME file, by its type or, where a gateway took that, by its name (RFC 8551 §3.9): it is opened for it. */
export const isSmimeFile = (type: string, filename: string): boolean =>
  type === 'application/pkcs7-mime' ||
  type === 'application/x-pkcs7-mime' ||
  (type === 'application/octet-stream' && filename.length <= 1_024 && /\.p7m$/i.test(filename));

const armoured = 'BEGIN PGP ';
/** Armour header lines (RFC 9580 §6.2, §7). */
const armour = /^-----BEGIN PGP (SIGNED )?MESSAGE-----[ \t]*$/m;

/** Collects by what a message is signed and encrypted; of S/MIME and PGP in one message, the outer one counts. */
export class ProtectionFinder {
  #kind: Protection['kind'] | null = null;
  #signed = false;
  #encrypted = false;

  #add(kind: Protection['kind'] | null, what: 'signed' | 'encrypted'): void {
    if (kind === null || (this.#kind !== null && this.#kind !== kind)) return;
    this.#kind = kind;
    if (what === 'signed') this.#signed = true;
    else this.#encrypted = true;
  }

  /** A multipart/signed or multipart/encrypted (RFC 1847): its protocol says by what. */
  multipart(subtype: string, fields: readonly HeaderField[]): void {
    if (subtype !== 'signed' && subtype !== 'encrypted') return;
    const { parameters } = parseParameters(firstField(fields, 'content-type'), 'content-type', new Defects());
    this.#add(kindOf(parameters.get('protocol')?.toLowerCase() ?? ''), subtype);
  }

  /** A leaf of a type that only protected messages have (RFC 3156 §4; also where a server made multipart/mixed of it). */
  leaf(type: string): void {
    if (type === 'application/pgp-encrypted') this.#add('pgp', 'encrypted');
  }

  /** An S/MIME file: what its content is, else what its `smime-type` says (RFC 8551 §3.2.2). */
  smime(content: SmimeKind, smimeType: string): void {
    if (smimeType === 'certs-only') return;
    if (content === 'signed' || (content === 'unknown' && smimeType === 'signed-data')) this.#add('smime', 'signed');
    if (content === 'enveloped' || (content === 'unknown' && /^(?:auth)?enveloped-data$/.test(smimeType)))
      this.#add('smime', 'encrypted');
  }

  /** A text that may hold PGP armour. */
  text(text: string): void {
    if (!text.includes(armoured)) return;
    const found = armour.exec(text);
    if (found !== null) this.#add('pgp', found[1] === undefined ? 'encrypted' : 'signed');
  }

  get found(): Protection | null {
    return this.#kind === null ? null : { kind: this.#kind, signed: this.#signed, encrypted: this.#encrypted };
  }
}
