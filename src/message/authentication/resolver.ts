import {
  canonicalName,
  type DnsAnswer,
  type DnsRecord,
  type DnsSource,
  isPossibleName,
  type RecordType,
} from './dns.ts';
import { Gate } from './gate.ts';

/** Bounds of a resolver; all have defaults. */
export interface ResolverLimits {
  /** Answers that are kept, and their size in characters. */
  readonly entries: number;
  readonly characters: number;
  /** Seconds that answers are kept at most: records, absence, failures. Also where the source tells no time to live. */
  readonly recordSeconds: number;
  readonly absenceSeconds: number;
  readonly failureSeconds: number;
  /** One lookup. */
  readonly lookupMilliseconds: number;
  /** Lookups at the same time. */
  readonly concurrency: number;
}

const defaultResolverLimits: ResolverLimits = {
  entries: 10_000,
  characters: 4 * 2 ** 20,
  recordSeconds: 300,
  absenceSeconds: 60,
  failureSeconds: 15,
  lookupMilliseconds: 3_000,
  concurrency: 32,
};

export interface ResolverOptions {
  readonly source: DnsSource;
  /** Milliseconds of a clock that only goes forward. */
  readonly clock: () => number;
  readonly limits?: Partial<ResolverLimits>;
}

interface Entry {
  readonly answer: DnsAnswer;
  readonly until: number;
  readonly size: number;
}

const sizeOf = (record: DnsRecord): number => {
  if (typeof record === 'string') return record.length;
  return 'exchange' in record ? record.exchange.length : record.reduce((sum, text) => sum + text.length, 0);
};

/** An answer that is larger is not used: no policy and no key is. */
const maxAnswer = 65_536;

/**
 * Asks a source and remembers what it said, absence and failures as well, for as long as their times to live and its own limits
 * allow. The same question is never under way twice. Bounded in memory, time and concurrency.
 */
export class CachingResolver {
  readonly #source: DnsSource;
  readonly #clock: () => number;
  readonly #limits: ResolverLimits;
  readonly #entries = new Map<string, Entry>();
  readonly #pending = new Map<string, Promise<DnsAnswer>>();
  readonly #gate: Gate;
  #characters = 0;

  constructor({ source, clock, limits }: ResolverOptions) {
    this.#source = source;
    this.#clock = clock;
    this.#limits = { ...defaultResolverLimits, ...limits };
    this.#gate = new Gate(this.#limits.concurrency);
  }

  /** Answers that are remembered now. */
  get size(): number {
    return this.#entries.size;
  }

  /** Looks a name up. A failure is an answer; nothing is thrown. */
  lookup(name: string, type: RecordType): Promise<DnsAnswer> {
    const canonical = canonicalName(name);
    if (!isPossibleName(canonical)) return Promise.resolve({ kind: 'badName' });
    const key = `${type} ${canonical}`;
    const known = this.#entries.get(key);
    if (known !== undefined && known.until > this.#clock()) {
      // The order of the map is that of use.
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return Promise.resolve(known.answer);
    }
    const pending = this.#pending.get(key) ?? this.#ask(key, canonical, type);
    this.#pending.set(key, pending);
    return pending;
  }

  async #ask(key: string, name: string, type: RecordType): Promise<DnsAnswer> {
    try {
      const answer = await this.#gate.run(() => this.#query(name, type));
      this.#keep(key, answer);
      return answer;
    } finally {
      this.#pending.delete(key);
    }
  }

  async #query(name: string, type: RecordType): Promise<DnsAnswer> {
    const timeout = AbortSignal.timeout(this.#limits.lookupMilliseconds);
    const late = Promise.withResolvers<DnsAnswer>();
    const onLate = () => late.resolve({ kind: 'failure', failure: 'TIMEOUT' });
    timeout.addEventListener('abort', onLate, { once: true });
    try {
      const answer = await Promise.race([this.#source.query(name, type, timeout), late.promise]);
      if (answer.kind !== 'records') return answer;
      const size = answer.records.reduce((sum, record) => sum + sizeOf(record), 0);
      return size > maxAnswer ? { kind: 'failure', failure: 'SERVFAIL' } : answer;
    } catch {
      // A source that throws has failed; why does not matter to the mail, and the name must not be logged.
      return { kind: 'failure', failure: timeout.aborted ? 'TIMEOUT' : 'SERVFAIL' };
    } finally {
      timeout.removeEventListener('abort', onLate);
    }
  }

  #keep(key: string, answer: DnsAnswer): void {
    const { recordSeconds, absenceSeconds, failureSeconds, entries, characters } = this.#limits;
    if (answer.kind === 'badName') return;
    const most =
      answer.kind === 'failure' ? failureSeconds : answer.kind === 'records' ? recordSeconds : absenceSeconds;
    const seconds = answer.kind === 'failure' ? most : Math.min(most, answer.ttl ?? most);
    const records = answer.kind === 'records' ? answer.records : [];
    const size = key.length + records.reduce((sum, record) => sum + sizeOf(record), 0);
    this.#forget(key);
    this.#entries.set(key, { answer, until: this.#clock() + seconds * 1_000, size });
    this.#characters += size;
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= entries && this.#characters <= characters) break;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#characters -= this.#entries.get(key)?.size ?? 0;
    this.#entries.delete(key);
  }
}
