/** Types of records that sender authentication asks for. */
export type RecordType = 'A' | 'AAAA' | 'CNAME' | 'MX' | 'PTR' | 'TXT';

/** A mail exchanger. */
export interface MxRecord {
  readonly priority: number;
  readonly exchange: string;
}

/** One record: an address or a name, the strings of a TXT record, or a mail exchanger. */
export type DnsRecord = string | readonly string[] | MxRecord;

/** Why a name could not be looked up; another try may succeed. */
export type DnsFailure = 'SERVFAIL' | 'TIMEOUT' | 'REFUSED';

/**
 * What the DNS says of a name and a type. `noName` (NXDOMAIN): the name does not exist; `noData`: it exists without records of
 * this type; `badName`: it cannot exist. `ttl` is in seconds, absent where the source does not tell it.
 */
export type DnsAnswer =
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[]; readonly ttl?: number }
  | { readonly kind: 'noName'; readonly ttl?: number }
  | { readonly kind: 'noData'; readonly ttl?: number }
  | { readonly kind: 'badName' }
  | { readonly kind: 'failure'; readonly failure: DnsFailure };

/** Where answers come from: the network, or a zone file. Never rejects but for `signal`. */
export interface DnsSource {
  query(name: string, type: RecordType, signal: AbortSignal): Promise<DnsAnswer>;
}

/** Whether a name can exist: labels of 1 to 63 octets, 253 in all (RFC 1035 §2.3.4). */
export const isPossibleName = (name: string): boolean =>
  name.length > 0 && name.length <= 253 && name.split('.').every((label) => label.length > 0 && label.length <= 63);

/** A name as it is compared: lower case, without the root's dot. */
export const canonicalName = (name: string): string => name.toLowerCase().replace(/\.$/, '');
