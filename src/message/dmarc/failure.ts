/** What failed (RFC 6591 §3.3, RFC 9991 §4): `adsp`, `bodyhash`, `revoked`, `signature`, `spf`, `dmarc`. */
export type AuthFailureType = 'adsp' | 'bodyhash' | 'revoked' | 'signature' | 'spf' | 'dmarc';
/** What became of the message (RFC 6591 §3.2.2). */
export type DeliveryResult = 'delivered' | 'spam' | 'policy' | 'reject' | 'other';

/** A report of one message, or of several alike, that failed authentication (RFC 6591, RFC 9991). */
export interface DmarcFailureReport {
  /** A message that failed authentication, told by its receiver. */
  readonly kind: 'dmarcFailure';
  /** `auth-failure`, as the field stands, in lower case. */
  readonly feedbackType: string;
  /** Program that made the report. */
  readonly userAgent: string | null;
  /** Version of the report's format. */
  readonly version: string | null;
  /** What failed. */
  readonly authFailure: readonly AuthFailureType[];
  /** Mechanisms that gave no aligned identifier; empty when none failed or the report does not say. */
  readonly identityAlignment: readonly ('dkim' | 'spf')[];
  /** Authentication-Results of the receiver, as they stand. */
  readonly authenticationResults: readonly string[];
  /** Domain whose policy asked for the report, in lower case. */
  readonly reportedDomain: string | null;
  /** A word that is none of these counts as the one that it contains, else as `other`. */
  readonly deliveryResult: DeliveryResult | null;
  /** Address of the client that sent the message. */
  readonly sourceIp: string | null;
  /** Its port. */
  readonly sourcePort: number | null;
  /** Reverse path; empty for the null one. */
  readonly originalMailFrom: string | null;
  /** Recipients of the message. */
  readonly originalRcptTo: readonly string[];
  /** ENVID of the message (RFC 3461). */
  readonly originalEnvelopeId: string | null;
  /** When the message arrived. */
  readonly arrivalDate: Date | null;
  /** Host that reports. */
  readonly reportingMta: string | null;
  /** Messages that the report stands for. */
  readonly incidents: number;
  /** Domain of the signature that failed (`d=`). */
  readonly dkimDomain: string | null;
  /** Its identity (`i=`). */
  readonly dkimIdentity: string | null;
  /** Its selector (`s=`). */
  readonly dkimSelector: string | null;
  /** SPF record that was used. */
  readonly spfDns: string | null;
  /** The message that failed, as far as it is enclosed. */
  readonly original: OriginalMessage | null;
}

export interface OriginalMessage {
  /** Message-ID without angle brackets. */
  readonly messageId: string;
  /** Author. */
  readonly from: string;
  /** Decoded subject. */
  readonly subject: string;
  /** Date header. */
  readonly date: Date | null;
}
