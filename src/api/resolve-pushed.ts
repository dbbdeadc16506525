import type { HttpSpec } from './kinds/http.ts';
import type { SmtpSpec } from './kinds/smtp.ts';

interface PushedDefaults {
  port: number;
  keep: string;
  repeatWindow: string;
  limits: { messageSize: string; keptSize: string; connections: number };
}

/** `spec.smtp` with every default filled in; what has none stays optional: absent means something. */
export interface ResolvedSmtp extends Omit<SmtpSpec, keyof PushedDefaults | 'protocol' | 'tls'>, PushedDefaults {
  protocol: 'SMTP' | 'LMTP';
  tls?: { mode: 'StartTLS' | 'Implicit'; required: boolean; certificateSecretRef: { name: string } };
  limits: PushedDefaults['limits'] & { recipients: number };
}

/** `spec.http` with every default filled in. */
export interface ResolvedHttp extends Omit<HttpSpec, keyof PushedDefaults | 'path' | 'auth'>, PushedDefaults {
  path: string;
  auth: { secretRef: { name: string; key: string } };
  limits: PushedDefaults['limits'];
}
