import { type Amount, type Reservation, reserveUsage, returnUsage } from '../../store/account-usage.ts';
import type { Database } from '../../store/database.ts';
import { asMailmillError, type MailmillError, waiting } from '../../telemetry/errors.ts';

/** What an account may be made to give in a day; absent: without limit. */
export interface DailyLimits extends Partial<Amount> {
  /** Nothing is kept for new mail, and what is spent is spent for all. */
  readonly allForOld?: boolean;
}

/** Reserved at once, so that the store is not asked for every batch; a small part of the limit. */
const ahead: Amount = { bytes: 64 * 2 ** 20, messages: 10_000 };
const aheadPart = 50;
/** Old mail leaves this part of a day's limit to new mail. */
const keptForNew = 0.1;

/** Only what matters to the limits of one account; shared by its lanes. Milliseconds of a clock that goes forward. */
export class Allowance {
  readonly #database: Database;
  readonly #accountId: bigint;
  readonly #limits: DailyLimits;
  readonly #now: () => number;
  #credit: Amount = { bytes: 0, messages: 0 };
  #day = '';
  #dayEnds = 0;
  #pausedUntil = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(database: Database, accountId: bigint, limits: DailyLimits, now: () => number = () => performance.now()) {
    this.#database = database;
    this.#accountId = accountId;
    this.#limits = limits;
    this.#now = now;
  }

  /** What a batch should be at most, so that a limit can be used up and is not overstepped by the first batch of a day. */
  get batch(): Amount {
    return { bytes: this.#part('bytes'), messages: this.#part('messages') };
  }

  /** Milliseconds until old mail may be read again; 0: now. */
  get pausedMs(): number {
    return Math.max(0, this.#pausedUntil - this.#now());
  }

  /** What a status says while old mail waits for another day. */
  paused(now: Date): { code: string; message: string; until: string; oldOnly: true } | undefined {
    if (this.pausedMs === 0) return undefined;
    const until = new Date(now.getTime() + this.pausedMs).toISOString();
    const message = 'old mail has had its part of limits.bytesPerDay or messagesPerDay today; new mail is read';
    return { code: 'SOURCE_BUDGET_SPENT', message, until, oldOnly: true };
  }

  /**
   * Takes what a batch needs out of the day's limit. False: old mail has had its part of today. Throws Waiting `SOURCE_BUDGET_SPENT` when new
   * mail has, too.
   */
  async take(need: Amount, backlog: boolean): Promise<boolean> {
    const old = backlog && !this.#limits.allForOld;
    if (this.#limits.bytes === undefined && this.#limits.messages === undefined) return true;
    const turn = this.#turn.then(() => this.#take(need, old));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** As `take` for old mail of which nobody else keeps account. Throws Waiting `SOURCE_BUDGET_SPENT` when it has had its part of today. */
  async takeOld(need: Amount): Promise<void> {
    if (await this.take(need, true)) return;
    const message = 'old mail has had its part of limits.bytesPerDay or messagesPerDay today; a run goes on tomorrow';
    throw waiting('SOURCE_BUDGET_SPENT', message, { retryAfterMs: this.pausedMs });
  }

  async #take(need: Amount, old: boolean): Promise<boolean> {
    if (this.#now() >= this.#dayEnds) this.#credit = { bytes: 0, messages: 0 };
    const limit = old ? parts(this.#limits, 1 - keptForNew) : this.#limits;
    // Twice, where a day ends between what is left of a reservation and the next one.
    while (!this.#covers(need)) {
      if (old && this.pausedMs > 0) return false;
      const { bytes, messages } = this.#credit;
      const short = { bytes: Math.max(0, need.bytes - bytes), messages: Math.max(0, need.messages - messages) };
      const more = { bytes: this.#more('bytes', short), messages: this.#more('messages', short) };
      const refused = (await this.#reserve(more, limit)) && (await this.#reserve(short, limit));
      if (refused) return this.#refused(refused, old);
    }
    this.#spend(need);
    return true;
  }

  /** Undefined: granted. */
  async #reserve(amount: Amount, limit: Partial<Amount>): Promise<Reservation | undefined> {
    const answer = await reserveUsage(this.#database, this.#accountId, amount, limit);
    if (!answer.granted) return answer;
    this.#granted(answer, amount);
    return undefined;
  }

  #part(what: keyof Amount): number {
    return Math.max(1, Math.floor((this.#limits[what] ?? Number.POSITIVE_INFINITY) / aheadPart));
  }

  #more(what: keyof Amount, short: Amount): number {
    if (short[what] === 0) return 0;
    return (
      short[what] + Math.min(ahead[what], Math.floor((this.#limits[what] ?? Number.POSITIVE_INFINITY) / aheadPart))
    );
  }

  #covers(need: Amount): boolean {
    return this.#credit.bytes >= need.bytes && this.#credit.messages >= need.messages;
  }

  #granted({ day, endsInMs }: Reservation, amount: Amount): void {
    const { bytes, messages } = this.#day === day ? this.#credit : { bytes: 0, messages: 0 };
    this.#credit = { bytes: bytes + amount.bytes, messages: messages + amount.messages };
    this.#day = day;
    this.#dayEnds = this.#now() + endsInMs;
  }

  #spend({ bytes, messages }: Amount): void {
    this.#credit = { bytes: this.#credit.bytes - bytes, messages: this.#credit.messages - messages };
  }

  #refused({ endsInMs, day }: Reservation, old: boolean): boolean {
    if (!old) throw spent(day, endsInMs);
    this.#pausedUntil = this.#now() + endsInMs;
    return false;
  }

  /** Gives back what was reserved and not used. Its loss would only make the day's limit smaller: no error is thrown. */
  async giveBack(): Promise<MailmillError | undefined> {
    await this.#turn;
    const [day, credit] = [this.#day, this.#credit];
    this.#credit = { bytes: 0, messages: 0 };
    if (credit.bytes === 0 && credit.messages === 0) return undefined;
    try {
      await returnUsage(this.#database, this.#accountId, day, credit);
      return undefined;
    } catch (error) {
      return asMailmillError(error);
    }
  }
}

const parts = (limits: DailyLimits, part: number): Partial<Amount> => ({
  ...(limits.bytes !== undefined && { bytes: Math.floor(limits.bytes * part) }),
  ...(limits.messages !== undefined && { messages: Math.floor(limits.messages * part) }),
});

function spent(day: string, endsInMs: number): MailmillError {
  const next = new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().replace('.000', '');
  return waiting(
    'SOURCE_BUDGET_SPENT',
    `limits.bytesPerDay or messagesPerDay of this account is spent; it goes on at ${next}, or at once when the limit is raised`,
    { retryAfterMs: endsInMs },
  );
}
