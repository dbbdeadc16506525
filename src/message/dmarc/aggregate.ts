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
  /** Why the policy was not applied (RFC 7489, RFC 9990). */
  readonly type: OverrideType;
  /** The reporter's words about it. */
  readonly comment: string | null;
}

export interface DkimAuth {
  /** Signing domain (`d=`), in lower case. */
  readonly domain: string | null;
  /** Selector (`s=`). */
  readonly selector: string | null;
  /** Null when the report states none, or one that is not known. */
  readonly result: AuthResult | null;
  /** The reporter's words about the result. */
  readonly humanResult: string | null;
}

export interface SpfAuth {
  /** Domain that was checked, in lower case. */
  readonly domain: string | null;
  /** Which identity was checked: HELO or MAIL FROM. */
  readonly scope: 'helo' | 'mfrom' | null;
  /** Null when the report states none, or one that is not known. */
  readonly result: AuthResult | null;
  /** The reporter's words about the result. */
  readonly humanResult: string | null;
}

/** Messages of one source that were treated alike. Domains are in lower case. */
export interface AggregateRecord {
  /** IPv4 or IPv6 address, in lower case. */
  readonly sourceIp: string;
  /** Messages in the period. */
  readonly count: number;
  /** What DMARC made of them. */
  readonly evaluated: {
    /** What the reporter did with them. */
    readonly disposition: Disposition | null;
    /** Whether an aligned signature was valid. */
    readonly dkim: Alignment | null;
    /** Whether SPF passed for an aligned domain. */
    readonly spf: Alignment | null;
    /** Why the disposition is not what the policy asks for. */
    readonly reasons: readonly PolicyOverride[];
  };
  /** The domains that the messages named. */
  readonly identifiers: {
    /** Domain of the From header. */
    readonly headerFrom: string | null;
    /** Empty for the null reverse path; null when the report does not state it. */
    readonly envelopeFrom: string | null;
    /** Domain of the recipients. */
    readonly envelopeTo: string | null;
  };
  /** Each signature that was checked. */
  readonly dkim: readonly DkimAuth[];
  /** SPF as it was checked; at most one, in general. */
  readonly spf: readonly SpfAuth[];
}

/** The policy that the reporter found; tags that a report leaves out have the defaults of DMARC where these have one. */
export interface PublishedPolicy {
  /** Domain where the policy was found. */
  readonly domain: string;
  /** Alignment of DKIM: relaxed or strict. */
  readonly adkim: 'r' | 's';
  /** Alignment of SPF: relaxed or strict. */
  readonly aspf: 'r' | 's';
  /** What the domain asks for. */
  readonly p: Policy | null;
  /** As `p` when not stated. */
  readonly sp: Policy | null;
  /** For subdomains that do not exist (RFC 9991); null when not stated. */
  readonly np: Policy | null;
  /** Percentage of messages that the policy was for (RFC 7489). */
  readonly pct: number | null;
  /** Colon-separated failure reporting options; `0` when not stated. */
  readonly fo: string;
  /** The `t` tag. */
  readonly testing: 'y' | 'n' | null;
  /** How the domain was found: by the public suffix list or by the tree walk (RFC 9989). */
  readonly discoveryMethod: 'psl' | 'treewalk' | null;
}

/** A DMARC aggregate report (RFC 7489 appendix C, RFC 9990). */
export interface DmarcAggregateReport {
  /** Mail of one domain as a receiver saw it, over a period. */
  readonly kind: 'dmarcAggregate';
  /** Version of the report's format. */
  readonly version: string | null;
  /** XML namespace of the root element. */
  readonly namespace: string | null;
  /** Reporter; in lower case when it is a domain name. */
  readonly orgName: string | null;
  /** Where to reach the reporter. */
  readonly orgEmail: string | null;
  /** More about how to reach it. */
  readonly extraContactInfo: string | null;
  /** The reporter's id of the report; unique with its name and the period. */
  readonly reportId: string;
  /** Begin of the period. */
  readonly begin: Date;
  /** End of the period. */
  readonly end: Date;
  /** What the reporter says went wrong when it made the report. */
  readonly errors: readonly string[];
  /** Program that made the report. */
  readonly generator: string | null;
  /** The policy that the reporter found. */
  readonly policy: PublishedPolicy;
  /** One for each source and treatment. */
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
