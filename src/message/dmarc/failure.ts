/** What failed (RFC 6591 §3.3, RFC 9991 §4): `adsp`, `bodyhash`, `revoked`, `signature`, `spf`, `dmarc`. */
export type AuthFailureType = 'adsp' | 'bodyhash' | 'revoked' | 'signature' | 'spf' | 'dmarc';
/** What became of the message (RFC 6591 §3.2.2). */
export type DeliveryResult = 'delivered' | 'spam' | 'policy' | 'reject' | 'other';

/** A report of one message, or of several alike, that failed authentication (RFC 6591, RFC 9991). */
export interface DmarcFailureReport {
  readonly kind: 'dmarcFailure';
  readonly feedbackType: string;
  readonly userAgent: string | null;
  readonly version: string | null;
  readonly authFailure: readonly AuthFailureType[];
  /** Mechanisms that gave no aligned identifier; empty when none failed or the report does not say. */
  readonly identityAlignment: readonly ('dkim' | 'spf')[];
  readonly authenticationResults: readonly string[];
  /** Domain whose policy asked for the report, in lower case. */
  readonly reportedDomain: string | null;
  /** A word that is none of these counts as the one that it contains, else as `other`. */
  readonly deliveryResult: DeliveryResult | null;
  readonly sourceIp: string | null;
  readonly sourcePort: number | null;
  /** Reverse path; empty for the null one. */
  readonly originalMailFrom: string | null;
  readonly originalRcptTo: readonly string[];
  readonly originalEnvelopeId: string | null;
  readonly arrivalDate: Date | null;
  readonly reportingMta: string | null;
  /** Messages that the report stands for. */
  readonly incidents: number;
  readonly dkimDomain: string | null;
  readonly dkimIdentity: string | null;
  readonly dkimSelector: string | null;
  readonly spfDns: string | null;
  /** The message that failed, as far as it is enclosed. */
  readonly original: OriginalMessage | null;
}

export interface OriginalMessage {
  readonly messageId: string;
  readonly from: string;
  readonly subject: string;
  readonly date: Date | null;
}
