import { type MethodResult, propertyOf } from './authentication-results.ts';
import type { TrustedResults } from './trusted-results.ts';

/** Nobody whom we trust has checked it, and it cannot be checked any more. Never the same as `fail`. */
export const unverifiable = 'unverifiable';

/** Why nothing could be checked. */
export type UnverifiableReason = 'NoTrustedResults' | 'TooOld' | 'UnknownClient' | 'TooLarge' | 'TooLate' | 'Failed';

/** Results are keywords of RFC 8601, or `unverifiable`. Domains are lower case; texts that are not known are empty. */
export interface SpfOutcome {
  readonly result: string;
  /** Of the envelope sender; of HELO when the sender is empty. */
  readonly domain: string;
}

export interface DkimOutcome {
  readonly result: string;
  readonly domain: string;
  readonly selector: string;
  /** Bytes of the body behind what the signature covers (`l=`): anybody may have added them. */
  readonly unsignedBytes: number;
}

export interface DmarcOutcome {
  readonly result: string;
  /** `none`, `quarantine` or `reject`: what the domain's owner asks for in this case. */
  readonly policy: string;
  /** Author domain: that of the From header. */
  readonly domain: string;
  /** Domains that align with it, where that is told. */
  readonly alignment: { readonly spf: string; readonly dkim: string };
}

export interface ArcOutcome {
  readonly result: string;
  /** Number of the newest ARC set; 0 when there is none, or it is not told. */
  readonly instance: number;
  /** Domain that sealed it. */
  readonly domain: string;
}

/** How a message's sender was authenticated, and by whom. Every member is always there, so that expressions find it. */
export interface Authentication {
  readonly source: 'trusted' | 'live' | 'none';
  /** The authserv-id of trusted results. */
  readonly server: string;
  /** Why it is `unverifiable`; empty when something was checked. */
  readonly reason: UnverifiableReason | '';
  readonly spf: SpfOutcome;
  /** One for each signature; one with `none` or `unverifiable` when there is nothing else. */
  readonly dkim: readonly DkimOutcome[];
  readonly dmarc: DmarcOutcome;
  readonly arc: ArcOutcome;
}

/** Longest text of a result; beyond it is no domain and no selector. */
const maxText = 255;
/** Most signatures that are told. */
const maxSignatures = 100;

const noAlignment = { spf: '', dkim: '' };

/** The outcome where nothing is known. */
export const notVerified = (reason: UnverifiableReason): Authentication => ({
  source: 'none',
  server: '',
  reason,
  spf: { result: unverifiable, domain: '' },
  dkim: [{ result: unverifiable, domain: '', selector: '', unsignedBytes: 0 }],
  dmarc: { result: unverifiable, policy: '', domain: '', alignment: noAlignment },
  arc: { result: unverifiable, instance: 0, domain: '' },
});

/** Text out of a message or the DNS as documents hold it. */
export const cleanText = (text: string): string =>
  text
    .slice(0, maxText)
    .toWellFormed()
    .replace(/\p{Cc}/gu, '\ufffd');

/** The domain of an address, or the text itself when it is none; lower case. */
export const domainOf = (address: string): string =>
  cleanText(address.slice(address.lastIndexOf('@') + 1).replace(/^<|(?<![>.])[>.]+$/g, '')).toLowerCase();

/** A result; RFC 5451 called `hardfail` what is `fail` since RFC 7001. */
const keywordOf = ({ result }: MethodResult): string => (result === 'hardfail' ? 'fail' : cleanText(result));

/** The result of the envelope sender where a server checked HELO too (RFC 7208 §2.3): anybody may pass with a HELO of their own. */
function spfOf(results: readonly MethodResult[]): SpfOutcome {
  const sender = (result: MethodResult) => domainOf(propertyOf(result, 'smtp', 'mailfrom', 'mfrom'));
  const result = results.find((each) => sender(each) !== '') ?? results[0];
  if (result === undefined) return { result: unverifiable, domain: '' };
  return { result: keywordOf(result), domain: sender(result) || domainOf(propertyOf(result, 'smtp', 'helo')) };
}

const dkimOf = (result: MethodResult): DkimOutcome => ({
  result: keywordOf(result),
  domain: domainOf(propertyOf(result, 'header', 'd', 'i')),
  selector: cleanText(propertyOf(result, 'header', 's')),
  unsignedBytes: 0,
});

function dmarcOf(result: MethodResult | undefined): DmarcOutcome {
  if (result === undefined) return { result: unverifiable, policy: '', domain: '', alignment: noAlignment };
  return {
    result: cleanText(result.result),
    policy: cleanText(propertyOf(result, 'policy', 'dmarc')).toLowerCase(),
    domain: domainOf(propertyOf(result, 'header', 'from')),
    alignment: noAlignment,
  };
}

function arcOf(result: MethodResult | undefined): ArcOutcome {
  if (result === undefined) return { result: unverifiable, instance: 0, domain: '' };
  return { result: cleanText(result.result), instance: 0, domain: domainOf(propertyOf(result, 'header', 'd')) };
}

/** What a trusted server said. A method that it does not mention is `unverifiable`. */
export function fromTrusted({ authservId, results }: TrustedResults): Authentication {
  const first = (method: string) => results.find((result) => result.method === method);
  const all = (method: string) => results.filter((result) => result.method === method);
  const signatures = all('dkim').slice(0, maxSignatures);
  return {
    source: 'trusted',
    server: cleanText(authservId),
    reason: '',
    spf: spfOf(all('spf')),
    dkim:
      signatures.length > 0
        ? signatures.map(dkimOf)
        : [{ result: unverifiable, domain: '', selector: '', unsignedBytes: 0 }],
    dmarc: dmarcOf(first('dmarc')),
    arc: arcOf(first('arc')),
  };
}
