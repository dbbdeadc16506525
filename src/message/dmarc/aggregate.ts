/** What a receiver was asked to do or did; `pass` (RFC 9990) means that the message passed DMARC. */
export type Disposition = 'none' | 'quarantine' | 'reject' | 'pass';
export type Policy = 'none' | 'quarantine' | 'reject';
export type Alignment = 'pass' | 'fail';
/** Results of RFC 8601 §2.7.1 and §2.7.2. */
export type AuthResult = 'none' | 'pass' | 'fail' | 'softfail' | 'policy' | 'neutral' | 'temperror' | 'permerror';
/** RFC 7489 appendix C and RFC 9990 §3.1.4 together. */
export type OverrideType =
  | 'forwarded'
  | 'sampled_out'
  | 'trusted_forwarder'
  | 'mailing_list'
  | 'local_policy'
  | 'policy_test_mode'
  | 'other';

export interface PolicyOverride {
  readonly type: OverrideType;
  readonly comment: string | null;
}

export interface DkimAuth {
  readonly domain: string | null;
  readonly selector: string | null;
  /** Null when the report states none, or one that is not known. */
  readonly result: AuthResult | null;
  readonly humanResult: string | null;
}

export interface SpfAuth {
  readonly domain: string | null;
  readonly scope: 'helo' | 'mfrom' | null;
  readonly result: AuthResult | null;
  readonly humanResult: string | null;
}

/** Messages of one source that were treated alike. Domains are in lower case. */
export interface AggregateRecord {
  /** IPv4 or IPv6 address, in lower case. */
  readonly sourceIp: string;
  readonly count: number;
  readonly evaluated: {
    readonly disposition: Disposition | null;
    readonly dkim: Alignment | null;
    readonly spf: Alignment | null;
    readonly reasons: readonly PolicyOverride[];
  };
  readonly identifiers: {
    readonly headerFrom: string | null;
    /** Empty for the null reverse path; null when the report does not state it. */
    readonly envelopeFrom: string | null;
    readonly envelopeTo: string | null;
  };
  readonly dkim: readonly DkimAuth[];
  readonly spf: readonly SpfAuth[];
}

/** The policy that the reporter found; tags that a report leaves out have the defaults of DMARC where these have one. */
export interface PublishedPolicy {
  readonly domain: string;
  readonly adkim: 'r' | 's';
  readonly aspf: 'r' | 's';
  readonly p: Policy | null;
  /** As `p` when not stated. */
  readonly sp: Policy | null;
  readonly np: Policy | null;
  readonly pct: number | null;
  /** Colon-separated failure reporting options; `0` when not stated. */
  readonly fo: string;
  /** The `t` tag. */
  readonly testing: 'y' | 'n' | null;
  readonly discoveryMethod: 'psl' | 'treewalk' | null;
}

/** A DMARC aggregate report (RFC 7489 appendix C, RFC 9990). */
export interface DmarcAggregateReport {
  readonly kind: 'dmarcAggregate';
  readonly version: string | null;
  /** XML namespace of the root element. */
  readonly namespace: string | null;
  /** Reporter; in lower case when it is a domain name. */
  readonly orgName: string | null;
  readonly orgEmail: string | null;
  readonly extraContactInfo: string | null;
  readonly reportId: string;
  readonly begin: Date;
  readonly end: Date;
  readonly errors: readonly string[];
  readonly generator: string | null;
  readonly policy: PublishedPolicy;
  readonly records: readonly AggregateRecord[];
  /** How the report deviates from the specifications; constant codes. */
  readonly deviations: readonly DmarcDeviation[];
}

/** Every way in which a report may deviate, and what was done about it. Codes are never renamed or reused. */
export const dmarcDeviations = {
  BYTES_INVALID: 'Bytes that the declared encoding does not have became U+FFFD.',
  DATE_UNUSUAL: 'The period is not given in seconds since 1970, or begins after its end; it was read as it stands.',
  RECORD_INVALID: 'A record without a valid address or count was left out.',
  RECORDS_MISSING: 'The report has no record.',
  ROOT_ENCLOSED: 'The report stands inside another root element.',
  VALUE_CUT: 'A text of more than 4,096 characters was cut.',
  VALUE_MISSING: 'A value that must be there is not; it is null.',
  VALUE_UNKNOWN: 'A value is none of those that the specifications allow; it is null, or `other` for a reason.',
  XML_REPAIRED: 'Tags do not match, or `<` or `&` stand in text; they were repaired.',
  XML_TRUNCATED: 'The XML ends early; what was complete before is taken.',
} as const;

export type DmarcDeviation = keyof typeof dmarcDeviations;
