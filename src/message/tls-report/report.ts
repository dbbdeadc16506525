/** What a receiver's policy was found by (RFC 8460 §4.3); other words are kept as they stand. */
export type TlsPolicyType = 'tlsa' | 'sts' | 'no-policy-found';

/** Sessions that failed for one reason between one sender and one receiver (RFC 8460 §4.4). */
export interface TlsFailure {
  /** RFC 8460 §4.3, such as `certificate-expired`; an extension's word as it stands. */
  readonly resultType: string | null;
  /** Address of the host that sends. */
  readonly sendingMtaIp: string | null;
  /** Name of the host that receives. */
  readonly receivingMxHostname: string | null;
  /** What it called itself. */
  readonly receivingMxHelo: string | null;
  /** Its address. */
  readonly receivingIp: string | null;
  /** Sessions that failed so. */
  readonly failedSessions: number;
  /** URI of more information. */
  readonly additionalInformation: string | null;
  /** Code of the TLS library, or other detail. */
  readonly reasonCode: string | null;
}

export interface TlsPolicyResult {
  /** What the policy was found by. */
  readonly type: TlsPolicyType | null;
  /** Domain that the policy is for, in lower case. */
  readonly domain: string;
  /** The policy's lines. */
  readonly policy: readonly string[];
  /** Hosts, or patterns of them, that the policy names. */
  readonly mxHosts: readonly string[];
  /** Sessions that the policy allowed. */
  readonly successfulSessions: number;
  /** Sessions that failed. */
  readonly failedSessions: number;
  /** Why, one for each kind. */
  readonly failures: readonly TlsFailure[];
}

/** An SMTP TLS report (RFC 8460). */
export interface TlsReport {
  /** How senders' encrypted sessions to one domain went, over a day. */
  readonly kind: 'tls';
  /** Reporter. */
  readonly orgName: string | null;
  /** Where to reach it. */
  readonly contact: string | null;
  /** The reporter's id of the report. */
  readonly reportId: string;
  /** Begin of the period. */
  readonly begin: Date;
  /** End of the period. */
  readonly end: Date;
  /** One for each policy that was in force. */
  readonly policies: readonly TlsPolicyResult[];
  /** How the report deviates from the specification; constant codes. */
  readonly deviations: readonly TlsDeviation[];
}

/** Every way in which a report may deviate, and what was done about it. Codes are never renamed or reused. */
export const tlsDeviations = {
  COUNT_INVALID: 'A number of sessions is none; it was counted as 0, or as the sum of its details.',
  DATE_UNUSUAL: 'The period is not given as RFC 3339 dates, or begins after its end; it was read as it stands.',
  JSON_REPAIRED: 'Texts hold line breaks, which JSON does not allow; they were read as blanks.',
  LIST_EXPECTED: 'A single value stands where a list must be.',
  POLICIES_MISSING: 'The report has no policy.',
  POLICY_INVALID: 'A policy without a domain was left out.',
  VALUE_CUT: 'A text of more than 4,096 characters, or a list of more than 100, was cut.',
  VALUE_MISSING: 'A value that must be there is not; it is null.',
  VALUE_UNKNOWN: 'A policy type is none of those that the specification has; it is null.',
} as const;

export type TlsDeviation = keyof typeof tlsDeviations;
