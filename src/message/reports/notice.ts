import type { SmtpCommand } from './smtp-reply.ts';

/** What a delivery report says of one recipient, before it is classified. */
export interface Notice {
  readonly recipient: string;
  readonly originalRecipient: string;
  /** Action field (RFC 3464 §2.3.3), lower case; empty when only text tells. */
  readonly action: string;
  /** Status field, as it stands. */
  readonly status: string;
  /** Type of the Diagnostic-Code (`smtp`, `x-unix`); empty when only text tells. */
  readonly diagnosticType: string;
  readonly diagnostic: string;
  readonly remoteMta: string;
  /** Command that the text names. */
  readonly command: SmtpCommand;
  /** Bounce category of the sending MTA (`X-PowerMTA-BounceCategory`, `bounceType/bounceSubType` of Amazon SES), lower case. */
  readonly category: string;
  /** More that the report says about this recipient; looked at when the diagnostic tells nothing. */
  readonly context: string;
}

export const emptyNotice: Notice = {
  recipient: '',
  originalRecipient: '',
  action: '',
  status: '',
  diagnosticType: '',
  diagnostic: '',
  remoteMta: '',
  command: '',
  category: '',
  context: '',
};

/** Longest text that is kept for a recipient, in UTF-16 units. */
export const maxDiagnostic = 4_000;
/** Most recipients of one report that are kept. */
export const maxRecipients = 1_000;

// Both begin where their run begins: tried at each character of it they would take time with its square.
const comment = /(?<!\s)\s*\([^()]*\)\s*$/;
const punctuation = /^["'](?![^"']*["']@)|(?<!["'.,;:])["'.,;:]+$/g;

/** An address that Exchange encapsulated in one of its own: `IMCEASMTP-joe+40dest+2Etest@org.test`, `_` for `/`. */
const encapsulated = /^imceasmtp-([^@]{1,320})@[^@]*$/i;

const decapsulate = (address: string): string =>
  encapsulated
    .exec(address)?.[1]
    ?.replace(/_/g, '/')
    .replace(/\+([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16))) ?? address;

/** An address without angle brackets, quotes, comments and source route. */
export function bareAddress(text: string): string {
  const angle = /<([^<>]*)>/.exec(text);
  const address = (angle?.[1] ?? text.replace(comment, '')).trim().replace(punctuation, '');
  return decapsulate(address.replace(/^@[^:@\s]+:/, '').replace(/^mailto:/i, ''));
}
