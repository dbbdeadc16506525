/** What a receiver's policy was found by (RFC 8460 §4.3); other words are kept as they stand. */
export type TlsPolicyType = 'tlsa' | 'sts' | 'no-policy-found';

/** Sessions that failed for one reason between one sender and one receiver (RFC 8460 §4.4). */
export interface TlsFailure {
  /** RFC 8460 §4.3, such as `certificate-expired`; an extension's word as it stands. */
  readonly resultType: string | null;
  readonly sendingMtaIp: string | null;
  readonly receivingMxHostname: string | null;
  readonly receivingMxHelo: string | null;
  readonly receivingIp: string | null;
  readonly failedSessions: number;
  /** URI of more information. */
  readonly additionalInformation: string | null;
  readonly reasonCode: string | null;
}

export interface TlsPolicyResult {
  readonly type: TlsPolicyType | null;
  /** Domain that the policy is for, in lower case. */
  readonly domain: string;
  /** The policy's lines. */
  readonly policy: readonly string[];
  readonly mxHosts: readonly string[];
  readonly successfulSessions: number;
  readonly failedSessions: number;
  readonly failures: readonly TlsFailure[];
}

/** An SMTP TLS report (RFC 8460). */
export interface TlsReport {
  readonly kind: 'tls';
  readonly orgName: string | null;
  readonly contact: string | null;
  readonly reportId: string;
  readonly begin: Date;
  readonly end: Date;
  readonly policies: readonly TlsPolicyResult[];
  /** How the report deviates from the specification; constant codes. */
  readonly deviations: readonly TlsDeviation[];
}

/** Every way in which a report may deviate, and what was done about it. Codes are never renamed or reused. */
export const tlsDeviations = {
  COUNT_INVALID: 'A number of sessions is none; it was counted as 0, or as the sum of its details.',
  DATE_UNUSUAL: 'The period is not given as RFC 3339 dates, or begins after its end; it was read as it stands.',
  LIST_EXPECTED: 'A single value stands where a list must be.',
  POLICY_INVALID: 'A policy without a domain was left out.',
  VALUE_CUT: 'A text of more than 4,096 characters, or a list of more than 100, was cut.',
  VALUE_MISSING: 'A value that must be there is not; it is null.',
  VALUE_UNKNOWN: 'A policy type is none of those that the specification has; it is null.',
} as const;

export type TlsDeviation = keyof typeof tlsDeviations;
