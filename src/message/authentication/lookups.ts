import { canonicalName, type DnsAnswer, type DnsRecord, type RecordType } from './dns.ts';
import type { CachingResolver } from './resolver.ts';

/** Bounds of the lookups for one message. */
export interface LookupLimits {
  readonly milliseconds: number;
  readonly lookups: number;
}

export const defaultLookupLimits: LookupLimits = { milliseconds: 10_000, lookups: 200 };

/** An error as `node:dns` has it, which mailauth reads. */
class LookupError extends Error {
  readonly code: string;
  constructor(code: string) {
    super(code);
    this.code = code;
  }
}

const codes = { SERVFAIL: 'ESERVFAIL', TIMEOUT: 'ETIMEOUT', REFUSED: 'EREFUSED' } as const;
const types: ReadonlySet<string> = new Set<RecordType>(['A', 'AAAA', 'CNAME', 'MX', 'PTR', 'TXT']);
const isType = (type: string): type is RecordType => types.has(type);

/**
 * The lookups for one message, in the shape of `dns.promises.resolve`: bounded in number and time. What is beyond the bounds,
 * or comes after `signal`, fails as a timeout, so that it becomes `temperror`.
 */
export class Lookups {
  readonly #resolver: CachingResolver;
  readonly #end: AbortSignal;
  #left: number;
  /** Names whose lookup failed for now. */
  readonly failed = new Set<string>();

  constructor(resolver: CachingResolver, signal: AbortSignal, limits: LookupLimits = defaultLookupLimits) {
    this.#resolver = resolver;
    this.#left = limits.lookups;
    this.#end = AbortSignal.any([signal, AbortSignal.timeout(limits.milliseconds)]);
  }

  /** Rejects with a `code` as `node:dns` does: `ENOTFOUND`, `ENODATA`, `EBADNAME`, `ETIMEOUT`, `ESERVFAIL`, `EREFUSED`. */
  readonly resolve = async (name: string, type: string): Promise<readonly DnsRecord[]> => {
    const answer = await this.#answer(name, type);
    if (answer.kind === 'records') return answer.records;
    if (answer.kind === 'noName') throw new LookupError('ENOTFOUND');
    if (answer.kind === 'noData') throw new LookupError('ENODATA');
    if (answer.kind === 'badName') throw new LookupError('EBADNAME');
    this.failed.add(canonicalName(name));
    throw new LookupError(codes[answer.failure]);
  };

  async #answer(name: string, type: string): Promise<DnsAnswer> {
    const late: DnsAnswer = { kind: 'failure', failure: 'TIMEOUT' };
    if (!isType(type)) return { kind: 'noData' };
    if (this.#end.aborted || this.#left-- <= 0) return late;
    const ended = Promise.withResolvers<DnsAnswer>();
    const onEnd = () => ended.resolve(late);
    this.#end.addEventListener('abort', onEnd, { once: true });
    try {
      return await Promise.race([this.#resolver.lookup(name, type), ended.promise]);
    } finally {
      this.#end.removeEventListener('abort', onEnd);
    }
  }
}
