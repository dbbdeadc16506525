import type { AuthenticateSpec } from '../api/kinds/authenticate.ts';
import { milliseconds } from '../api/schema.ts';
import { type Authentication, notVerified } from '../message/authentication/authentication.ts';
import type { DnsSource } from '../message/authentication/dns.ts';
import { defaultLookupLimits, Lookups } from '../message/authentication/lookups.ts';
import { type Border, type Client, findBorder, isHostOf, isPrivate } from '../message/authentication/received.ts';
import { CachingResolver } from '../message/authentication/resolver.ts';
import { systemDns } from '../message/authentication/system-dns.ts';
import { readZone, zoneSource } from '../message/authentication/zone.ts';
import { Defects } from '../message/defects.ts';
import { type HeaderField, readHeaders } from '../message/headers.ts';
import { defaultLimits } from '../message/message.ts';
import { trustedOf } from './authenticate-trusted.ts';
import type { Arrival, StepEnvironment } from './step.ts';

/** Older mail is not checked: keys have been changed, and records too. */
const maxAge = 3 * 86_400_000;
/** Clocks of servers differ. */
const maxFuture = 3_600_000;

/**
 * The envelope sender that the last of our servers wrote, on top of its Received field (RFC 5321 §4.4): what stands below may be the
 * sender's own. Empty for the null sender, null when it wrote none.
 */
function mailFromOf(fields: readonly HeaderField[], { received }: Border): string | null {
  const value = fields.slice(0, received).find((field) => field.name === 'return-path')?.value;
  const address = value === undefined ? undefined : /<([^<>]*)>/.exec(value)?.[1];
  return address?.trim() ?? null;
}

/**
 * The client that handed the message over from outside. Null when it is a host of ours, by its private address or by what it calls
 * itself: then mail came in elsewhere, and no SPF record has to know that host.
 */
const outsideClient = ({ client }: Border, receivedBy: readonly string[]): Client | null =>
  client === null || isPrivate(client.address) || isHostOf(client.helo.toLowerCase(), receivedBy) ? null : client;

/** Checks messages against the DNS, or against a zone file in its place. One for each step. */
export class LiveChecker {
  readonly #spec: AuthenticateSpec;
  readonly #environment: StepEnvironment;
  readonly #source: DnsSource | undefined;
  #resolver: Promise<CachingResolver> | undefined;

  /** @param source answers in place of the zone file and of the machine's DNS. */
  constructor(spec: AuthenticateSpec, environment: StepEnvironment, source?: DnsSource) {
    this.#spec = spec;
    this.#environment = environment;
    this.#source = source;
  }

  /**
   * What a trusted server says, or else the DNS; `unverifiable` where neither can be asked.
   *
   * @throws MailmillError when the zone file cannot be had or read.
   */
  async check(arrival: Arrival, signal: AbortSignal): Promise<Authentication> {
    const { fields } = readHeaders(arrival.raw, 0, arrival.raw.length, defaultLimits.headerBytes, new Defects());
    const trusted = trustedOf(this.#spec, fields);
    if (trusted !== null) return trusted;
    const now = this.#environment.clock();
    const age = now.getTime() - arrival.receivedAt.getTime();
    if (age >= maxAge || age < -maxFuture) return notVerified('TooOld');
    const receivedBy = this.#spec.receivedBy ?? [];
    const border = findBorder(fields, receivedBy);
    const client = border === null ? null : outsideClient(border, receivedBy);
    if (border === null || client === null) return notVerified('UnknownClient');
    const resolver = await this.#opened();
    const { timeout } = this.#spec.live ?? {};
    const lookups = new Lookups(resolver, signal, {
      ...defaultLookupLimits,
      ...(timeout !== undefined && { milliseconds: milliseconds(timeout) }),
    });
    // Loaded when the first message needs it: it costs a tenth of a second and 30 MB.
    const { checkLive } = await import('../message/authentication/live.ts');
    try {
      return await checkLive({ raw: arrival.raw, client, mailFrom: mailFromOf(fields, border), now }, lookups, signal);
    } catch {
      // Mail that breaks the checker is no reason to hold up other mail, nor to call it failed.
      return notVerified('Failed');
    }
  }

  async #opened(): Promise<CachingResolver> {
    this.#resolver ??= this.#open();
    try {
      return await this.#resolver;
    } catch (error) {
      // The secret may be there the next time.
      this.#resolver = undefined;
      throw error;
    }
  }

  async #open(): Promise<CachingResolver> {
    const ref = this.#spec.live?.zoneSecretRef;
    const zone =
      ref === undefined || this.#source !== undefined
        ? undefined
        : zoneSource(readZone(await this.#environment.secret(ref.name, ref.key ?? 'zone')));
    const source = this.#source ?? zone ?? systemDns();
    return new CachingResolver({ source, clock: () => performance.now() });
  }
}
