import type { Reason } from './reasons.ts';

/**
 * What an enhanced status code means without its class: RFC 3463 and the IANA registry that RFC 5248 began. Codes that say
 * “other or undefined” are left out, except where the subject alone tells enough.
 */
const registered: Readonly<Record<string, Reason>> = {
  '1.0': 'userunknown',
  '1.1': 'userunknown',
  '1.2': 'hostunknown',
  '1.3': 'userunknown',
  '1.4': 'systemerror',
  '1.5': 'delivered',
  '1.6': 'hasmoved',
  '1.7': 'rejected',
  '1.8': 'rejected',
  '1.9': 'systemerror',
  '1.10': 'notaccept',
  '2.0': 'filtered',
  '2.1': 'suspend',
  '2.2': 'mailboxfull',
  '2.3': 'exceedlimit',
  '2.4': 'systemerror',
  '3.1': 'systemfull',
  '3.2': 'notaccept',
  '3.3': 'systemerror',
  '3.4': 'mesgtoobig',
  '3.5': 'systemerror',
  '3.6': 'systemerror',
  '4.0': 'expired',
  '4.1': 'expired',
  '4.2': 'networkerror',
  '4.3': 'networkerror',
  '4.4': 'hostunknown',
  '4.5': 'networkerror',
  '4.6': 'networkerror',
  '4.7': 'expired',
  '4.8': 'expired',
  '5.1': 'syntaxerror',
  '5.2': 'syntaxerror',
  '5.3': 'toomanyconn',
  '5.4': 'syntaxerror',
  '5.5': 'syntaxerror',
  '5.6': 'syntaxerror',
  '6.0': 'contenterror',
  '6.1': 'contenterror',
  '6.2': 'contenterror',
  '6.3': 'contenterror',
  '6.4': 'contenterror',
  '6.5': 'contenterror',
  '6.6': 'contenterror',
  '6.7': 'contenterror',
  '6.8': 'contenterror',
  '6.9': 'contenterror',
  '6.10': 'contenterror',
  '7.0': 'securityerror',
  '7.1': 'securityerror',
  '7.2': 'rejected',
  '7.3': 'securityerror',
  '7.4': 'securityerror',
  '7.5': 'securityerror',
  '7.6': 'securityerror',
  '7.7': 'securityerror',
  '7.8': 'securityerror',
  '7.9': 'securityerror',
  '7.10': 'failedstarttls',
  '7.11': 'failedstarttls',
  '7.12': 'securityerror',
  '7.13': 'suspend',
  '7.14': 'securityerror',
  '7.15': 'policyviolation',
  '7.16': 'exceedlimit',
  '7.17': 'hasmoved',
  '7.18': 'hasmoved',
  '7.19': 'systemerror',
  '7.20': 'authfailure',
  '7.21': 'authfailure',
  '7.22': 'authfailure',
  '7.23': 'authfailure',
  '7.24': 'authfailure',
  '7.25': 'requireptr',
  '7.26': 'authfailure',
  '7.27': 'notaccept',
  '7.28': 'speeding',
  '7.29': 'authfailure',
  '7.30': 'failedstarttls',
};

/**
 * Codes that the registry lacks, of Exchange Online: Microsoft Learn, “Email non-delivery reports and SMTP errors in Exchange
 * Online”. 4.310 to 4.318 and 7.320 are of “Fix NDR error code …” and “DNSSEC and DANE” there, 2.251 to 2.255 of “Continuous error
 * throttling for SMTP AUTH submissions”, 4.62 of the page about MX records of a region.
 */
const exchange: Readonly<Record<string, Reason>> = {
  '0.350': 'contenterror',
  '1.20': 'notcompliantrfc',
  '1.90': 'speeding',
  '1.350': 'userunknown',
  '1.351': 'userunknown',
  '2.121': 'speeding',
  '2.122': 'speeding',
  '2.251': 'speeding',
  '2.252': 'speeding',
  '2.253': 'speeding',
  '2.254': 'speeding',
  '2.255': 'speeding',
  '3.190': 'systemerror',
  '4.14': 'networkerror',
  '4.62': 'networkerror',
  '4.300': 'expired',
  '4.310': 'hostunknown',
  '4.311': 'networkerror',
  '4.312': 'networkerror',
  '4.313': 'networkerror',
  '4.314': 'networkerror',
  '4.315': 'networkerror',
  '4.316': 'expired',
  '4.317': 'failedstarttls',
  '4.318': 'failedstarttls',
  '6.11': 'contenterror',
  '7.51': 'securityerror',
  '7.54': 'norelaying',
  '7.57': 'securityerror',
  '7.64': 'norelaying',
  '7.124': 'rejected',
  '7.129': 'rejected',
  '7.133': 'rejected',
  '7.134': 'rejected',
  '7.135': 'rejected',
  '7.136': 'rejected',
  '7.232': 'speeding',
  '7.233': 'speeding',
  '7.320': 'failedstarttls',
  '7.321': 'failedstarttls',
  '7.322': 'failedstarttls',
  '7.323': 'failedstarttls',
  '7.324': 'failedstarttls',
  '7.325': 'failedstarttls',
  '7.501': 'spamdetected',
  '7.502': 'spamdetected',
  '7.503': 'spamdetected',
  '7.504': 'userunknown',
  '7.505': 'filtered',
  '7.506': 'blocked',
  '7.507': 'blocked',
  '7.508': 'speeding',
  '7.509': 'authfailure',
  '7.510': 'notaccept',
  '7.511': 'blocked',
  '7.512': 'notcompliantrfc',
  '7.513': 'blocked',
  '7.515': 'authfailure',
  '7.703': 'blocked',
  '7.708': 'blocked',
  '7.750': 'rejected',
};

/** Ranges of the same page: banned and suspicious senders; 4.7.650 limits the rate of those of bad reputation. */
function exchangeRange(subject: string, detail: number, permanent: boolean): Reason | null {
  if (subject !== '7') return null;
  if (permanent && detail >= 606 && detail <= 649) return 'blocked';
  if (permanent && detail >= 700 && detail <= 749) return 'blocked';
  if (!permanent && detail >= 500 && detail <= 649) return 'blocked';
  if (!permanent && detail >= 650 && detail <= 699) return 'badreputation';
  return !permanent && detail >= 850 && detail <= 899 ? 'blocked' : null;
}

/** What an enhanced status code (`5.7.26`) says, or null when it says nothing. */
export function reasonOfStatus(status: string): Reason | null {
  const [kind = '', subject = '', detail = ''] = status.split('.');
  if (kind === '2') return 'delivered';
  const code = `${subject}.${detail}`;
  // A route that cannot be found for now is no unknown host.
  if (kind === '4' && code === '4.4') return 'networkerror';
  return registered[code] ?? exchange[code] ?? exchangeRange(subject, Number(detail), kind === '5');
}

/** Codes of conversion, security and policy that were registered for one thing each: nobody says them without meaning it. */
export const isExactStatus = (status: string): boolean => /^[45]\.(?:6\.(?:[2-9]|10)|7\.\d{2,3})$/.test(status);

/** Codes that are said so often without meaning them that what the command and the text tell comes first. */
export const isVagueStatus = (status: string): boolean =>
  /^[45]\.(?:0\.\d+|1\.0|[2345]\.0|7\.[01]|5\.\d)$/.test(status);

/** Bounce categories of PowerMTA (“bounce classification” of its user's guide). */
const categories: Readonly<Record<string, Reason>> = {
  'bad-configuration': 'systemerror',
  'bad-connection': 'networkerror',
  'bad-domain': 'hostunknown',
  'bad-mailbox': 'userunknown',
  'content-related': 'contenterror',
  'inactive-mailbox': 'suspend',
  'invalid-sender': 'rejected',
  'message-expired': 'expired',
  'no-answer-from-host': 'networkerror',
  'policy-related': 'policyviolation',
  'protocol-errors': 'syntaxerror',
  'quota-issues': 'mailboxfull',
  'relaying-issues': 'norelaying',
  'routing-errors': 'systemerror',
  'spam-related': 'spamdetected',
  'virus-related': 'virusdetected',
};

/** Bounce types and subtypes, and types of delays, of Amazon SES (“Amazon SNS notification contents” of its developer guide). */
const sesCategories: Readonly<Record<string, Reason>> = {
  // “You should remove the recipient’s address from your mailing list.”
  'permanent/general': 'userunknown',
  'permanent/noemail': 'userunknown',
  'permanent/suppressed': 'userunknown',
  'permanent/onaccountsuppressionlist': 'userunknown',
  'permanent/unsubscribedrecipient': 'filtered',
  'transient/mailboxfull': 'mailboxfull',
  'transient/messagetoolarge': 'mesgtoobig',
  'transient/contentrejected': 'contenterror',
  'transient/attachmentrejected': 'policyviolation',
  'transient/customtimeoutexceeded': 'expired',
  'transient/internalfailure': 'systemerror',
  'transient/spamdetected': 'spamdetected',
  'transient/recipientservererror': 'systemerror',
  'transient/ipfailure': 'badreputation',
  'transient/transientcommunicationfailure': 'networkerror',
  'transient/byoiphostnamelookupunavailable': 'networkerror',
  'transient/sendingdeferral': 'speeding',
};

export const reasonOfCategory = (category: string): Reason | null =>
  categories[category] ?? sesCategories[category] ?? null;
