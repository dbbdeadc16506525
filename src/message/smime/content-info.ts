import { octetsOf, readElement, skipElement, tags } from './der.ts';

/** What an S/MIME file is (RFC 5652 §3, RFC 8551 §3.2.2). */
export type SmimeKind = 'signed' | 'enveloped' | 'compressed' | 'unknown';

export interface ContentInfo {
  readonly kind: SmimeKind;
  /** The MIME entity that was signed, header and body; null when there is none in it or it cannot be read. */
  readonly signed: Buffer | null;
}

/** Content octets of object identifiers. */
const identifiers: readonly (readonly [string, SmimeKind])[] = [
  ['2a864886f70d010702', 'signed'], // id-signedData, 1.2.840.113549.1.7.2
  ['2a864886f70d010703', 'enveloped'], // id-envelopedData, 1.2.840.113549.1.7.3
  ['2a864886f70d010706', 'enveloped'], // id-encryptedData, 1.2.840.113549.1.7.6
  ['2a864886f70d0109100117', 'enveloped'], // id-ct-authEnvelopedData, 1.2.840.113549.1.9.16.1.23
  ['2a864886f70d0109100109', 'compressed'], // id-ct-compressedData, 1.2.840.113549.1.9.16.1.9
];
const unknown: ContentInfo = { kind: 'unknown', signed: null };

/**
 * Reads what a `.p7m` says it is, and what a signed one holds: `ContentInfo`, `SignedData`, `EncapsulatedContentInfo` (RFC 5652
 * §3, §5.1, §5.2), in DER or BER. Nothing is verified. Linear; whatever is broken is unknown.
 */
export function readContentInfo(bytes: Buffer): ContentInfo {
  const info = readElement(bytes, 0, bytes.length);
  const type = info?.tag === tags.sequence ? readElement(bytes, info.start, info.end) : null;
  if (info === null || type?.tag !== tags.oid) return unknown;
  const oid = bytes.toString('hex', type.start, type.end);
  const kind = identifiers.find(([one]) => one === oid)?.[1] ?? 'unknown';
  if (kind !== 'signed') return { kind, signed: null };
  return { kind, signed: signedContent(bytes, type.end, info.end) };
}

function signedContent(bytes: Buffer, start: number, end: number): Buffer | null {
  const explicit = readElement(bytes, start, end);
  const data = explicit?.tag === tags.context0 ? readElement(bytes, explicit.start, explicit.end) : null;
  if (data?.tag !== tags.sequence) return null;
  const version = readElement(bytes, data.start, data.end);
  if (version?.tag !== tags.integer) return null;
  const algorithms = skipElement(bytes, version.end, data.end);
  const encapsulated = algorithms === -1 ? null : readElement(bytes, algorithms, data.end);
  if (encapsulated?.tag !== tags.sequence) return null;
  const type = readElement(bytes, encapsulated.start, encapsulated.end);
  const content = type?.tag === tags.oid ? readElement(bytes, type.end, encapsulated.end) : null;
  const string = content?.tag === tags.context0 ? readElement(bytes, content.start, content.end) : null;
  return string === null ? null : octetsOf(bytes, string);
}
