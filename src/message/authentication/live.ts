import type { ARCResult, DKIMResult, DMARCResult, DNSResolver } from 'mailauth';
import { arc } from 'mailauth/lib/arc/index.js';
import { evaluateDmarc } from 'mailauth/lib/dmarc/index.js';
import { spf } from 'mailauth/lib/spf/index.js';
import {
  type ArcOutcome,
  type Authentication,
  cleanText,
  type DkimOutcome,
  type DmarcOutcome,
  domainOf,
  notVerified,
  type SpfOutcome,
  unverifiable,
} from './authentication.ts';
import { withCarriageReturns } from './line-ends.ts';
import type { Lookups } from './lookups.ts';
import type { Client } from './received.ts';
import { BoundedVerifier, maxSignatures } from './verifier.ts';

/** What is checked live. */
export interface LiveMessage {
  /** The message as it came; its lines may end in LF alone. */
  readonly raw: Buffer;
  readonly client: Client;
  /** Envelope sender; empty for the null sender, null when it is not known. */
  readonly mailFrom: string | null;
  /** The time to check at: expired signatures are told by it. */
  readonly now: Date;
}

/** Larger messages are not checked live. */
const maxBytes = 32 * 2 ** 20;
/** Bytes that are hashed before others get their turn. */
const chunkBytes = 65_536;

/** mailauth declares the answers of TXT and address lookups alone, and takes those of MX as `node:dns` gives them. */
export const resolverOf = (lookups: Lookups) => lookups.resolve as unknown as DNSResolver;

/** Verifies the signatures of a message with CRLF lines, and what of its ARC chain needs its body. */
export async function verifySignatures(
  raw: Buffer,
  now: Date,
  lookups: Lookups,
  signal: AbortSignal,
): Promise<BoundedVerifier> {
  const verifier = new BoundedVerifier({ resolver: lookups.resolve, strict: true, curTime: now });
  const done = Promise.withResolvers<void>();
  verifier.once('finish', done.resolve).once('error', done.reject);
  for (let at = 0; at < raw.length && !signal.aborted; at += chunkBytes) {
    verifier.write(raw.subarray(at, at + chunkBytes));
    await new Promise((resolve) => setImmediate(resolve));
  }
  verifier.end();
  await done.promise;
  return verifier;
}

async function checkSpf({ client, mailFrom }: LiveMessage, lookups: Lookups): Promise<SpfOutcome> {
  if (mailFrom === null) return { result: unverifiable, domain: '' };
  const { status } = await spf({
    sender: mailFrom,
    ip: client.address,
    helo: client.helo,
    mta: 'mailmill.invalid',
    resolver: resolverOf(lookups),
    strict: true,
  });
  return { result: status.result, domain: domainOf(mailFrom === '' ? client.helo : mailFrom) };
}

const dkimOf = (result: DKIMResult): DkimOutcome => ({
  result: result.status.result,
  domain: domainOf(result.signingDomain ?? ''),
  selector: cleanText(result.selector ?? ''),
  unsignedBytes: result.status.underSized ?? 0,
});

/**
 * Validates the ARC chain of a message whose signatures are verified. mailauth calls a chain failed whose keys cannot be had now; it is
 * `temperror` here (RFC 8617 §5.2 leaves that to the receiver).
 */
export async function checkChain(verifier: BoundedVerifier, lookups: Lookups): Promise<ArcOutcome> {
  const result: ARCResult = await arc(verifier.arc, { resolver: resolverOf(lookups), strict: true });
  // False at run time when there is none.
  const sets = verifier.arc.chain || [];
  const keys = sets.flatMap((set) =>
    [set['arc-seal'], set['arc-message-signature']].map((field) =>
      `${field?.parsed?.s?.value}._domainkey.${field?.parsed?.d?.value}`.toLowerCase(),
    ),
  );
  const temporary = result.status.result === 'fail' && keys.some((name) => lookups.failed.has(name));
  return {
    result: temporary ? 'temperror' : result.status.result,
    instance: result.i === false ? 0 : result.i,
    domain: domainOf(String(sets.at(-1)?.['arc-seal']?.parsed?.d?.value ?? '')),
  };
}

function dmarcOf(response: DMARCResult | false, reason: string | undefined): DmarcOutcome {
  const none = { spf: '', dkim: '' };
  // Without one author domain nothing can be discovered (RFC 9989 §5.3.1): the message breaks RFC 5322, or has no From.
  if (response === false)
    return { result: reason === 'no-author-domain' ? 'none' : 'permerror', policy: '', domain: '', alignment: none };
  const alignment = response.alignment ?? { spf: {}, dkim: {} };
  return {
    result: response.status.result,
    policy: response.policy ?? '',
    domain: domainOf(response.status.header?.from ?? ''),
    alignment: {
      spf: domainOf(String(alignment.spf.result || '')),
      dkim: domainOf(String(alignment.dkim.result || '')),
    },
  };
}

/** Evaluates DMARC with what passed; a failure is one only where what is not known now could not have made it pass. */
async function checkDmarc(
  spfOutcome: SpfOutcome,
  { headerFrom, fromFields, results }: BoundedVerifier,
  lookups: Lookups,
): Promise<DmarcOutcome> {
  const evaluate = async (counted: readonly string[]) => {
    const { response, reason } = await evaluateDmarc({
      headerFrom,
      fromFields,
      spfDomains: counted.includes(spfOutcome.result) ? [spfOutcome.domain] : [],
      dkimDomains: results
        .filter(({ status }) => counted.includes(status.result))
        .map(({ signingDomain = '', status }) => ({
          domain: signingDomain,
          ...(status.underSized !== undefined && { underSized: status.underSized }),
        })),
      resolver: resolverOf(lookups),
      strict: true,
    });
    return dmarcOf(response, reason);
  };
  const found = await evaluate(['pass']);
  if (found.result !== 'fail') return found;
  // SPF might have aligned, had we known the envelope.
  if (spfOutcome.result === unverifiable) return { ...found, result: unverifiable };
  const { result } = await evaluate(['pass', 'temperror']);
  return { ...found, result: result === 'pass' ? 'temperror' : result };
}

/**
 * Checks SPF, DKIM, ARC and DMARC of a message against the DNS as it is now. What cannot be looked up is `temperror`. DMARC without a
 * known envelope sender passes by DKIM or is `unverifiable`.
 *
 * @param signal ends it early: what is not known by then is `temperror`.
 */
export async function checkLive(message: LiveMessage, lookups: Lookups, signal: AbortSignal): Promise<Authentication> {
  if (message.raw.length > maxBytes) return notVerified('TooLarge');
  const [spfOutcome, verifier] = await Promise.all([
    checkSpf(message, lookups),
    verifySignatures(withCarriageReturns(message.raw), message.now, lookups, signal),
  ]);
  if (signal.aborted) return notVerified('TooLate');
  const chain = await checkChain(verifier, lookups);
  return {
    source: 'live',
    server: '',
    reason: '',
    spf: spfOutcome,
    dkim: verifier.results.slice(0, maxSignatures).map(dkimOf),
    dmarc: await checkDmarc(spfOutcome, verifier, lookups),
    arc: chain,
  };
}
