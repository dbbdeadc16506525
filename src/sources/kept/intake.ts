import { createHash, hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Appended, KeptEnvelope, NewKept } from '../../store/kept.ts';
import { compressMail } from '../../store/zstd.ts';
import { messageIdOf } from '../message-id.ts';

/** Milliseconds for which mail is turned away at once after the store had no room or did not answer. */
const refuseMs = 2_000;
/** Bytes of a message whose copies are not all hashed in one go. */
const yieldBytes = 2 ** 20;

/** One copy of a message that came in. */
export interface Copy {
  /** What makes a second delivery of it the same one, given the SHA-256 of the bytes in hex. */
  readonly identity: (rawSha256: string) => string;
  readonly envelope: KeptEnvelope;
  /** Header fields to put before the bytes. */
  readonly prefix?: Buffer;
}

export interface IntakeOptions {
  readonly append: (items: readonly NewKept[]) => Promise<readonly Appended[]>;
  /** Bytes of one message at most. */
  readonly messageSize: number;
  /** Bytes of all messages that are coming in, at most; one alone may have more. */
  readonly budgetBytes: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Told of what was kept. */
  readonly onKept: (appended: readonly Appended[], bytes: number) => void;
}

/** Why a message cannot be taken now; its sender should try again. */
export type Refusal = 'Full' | 'StoreDown' | 'Busy';

/** Takes messages in: bounds what they take while they come, and keeps them. One for all listeners of a source. */
export class Intake {
  readonly #options: IntakeOptions;
  #used = 0;
  #refusal: { readonly why: 'Full' | 'StoreDown'; readonly until: number } | undefined;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  get messageSize(): number {
    return this.#options.messageSize;
  }

  /** Whether a message would be turned away now; a big one need not come all the way then. */
  refusal(): Refusal | undefined {
    if (this.#refusal && this.#options.clock() < this.#refusal.until) return this.#refusal.why;
    return this.#used >= this.#options.budgetBytes ? 'Busy' : undefined;
  }

  /** Begins a message. */
  receive(): Reception {
    return new Reception(this.#options.messageSize, (bytes) => {
      if (bytes > 0 && this.#used > 0 && this.#used + bytes > this.#options.budgetBytes) return false;
      this.#used += bytes;
      return true;
    });
  }

  /** Keeps copies of a message; answers in their order once they are committed. Throws what keeps the store from it. */
  async keep(raw: Buffer, receivedAt: Date, copies: readonly Copy[]): Promise<readonly Appended[]> {
    const rawSha256 = hash('sha256', raw, 'hex');
    const headerId = messageIdOf(raw);
    const content = { zstd: await compressMail(raw) };
    const items: NewKept[] = [];
    for (const { identity, envelope, prefix } of copies) {
      // A large message for many recipients would keep everybody else waiting.
      if (raw.length > yieldBytes) await setImmediate();
      items.push({
        key: hash('sha256', identity(rawSha256), 'buffer'),
        rawSha256: prefix ? createHash('sha256').update(prefix).update(raw).digest('hex') : rawSha256,
        size: raw.length + (prefix?.length ?? 0),
        receivedAt,
        ...(headerId !== undefined && { headerId }),
        envelope,
        ...(prefix && { prefix }),
        content,
        messageId: 'Mint',
      });
    }
    try {
      const appended = await this.#options.append(items);
      if (appended.some(({ state }) => state === 'Full')) this.#refuse('Full');
      this.#options.onKept(appended, raw.length);
      return appended;
    } catch (error) {
      this.#refuse('StoreDown');
      throw error;
    }
  }

  #refuse(why: 'Full' | 'StoreDown'): void {
    this.#refusal = { why, until: this.#options.clock() + refuseMs };
  }
}

/** A message while it comes in. */
export class Reception {
  readonly #limit: number;
  readonly #take: (bytes: number) => boolean;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #taken = 0;
  #state: 'Open' | 'TooLarge' | 'Busy' | 'Closed' = 'Open';

  /** @param take asks for bytes of the common budget; negative gives back. */
  constructor(limit: number, take: (bytes: number) => boolean) {
    this.#limit = limit;
    this.#take = take;
  }

  /** Bytes that came so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds what came. When it is too much, all of it is dropped, and what comes later as well. */
  add(chunk: Buffer): 'Open' | 'TooLarge' | 'Busy' | 'Closed' {
    this.#bytes += chunk.length;
    if (this.#state === 'Busy' && this.#bytes > this.#limit) this.#state = 'TooLarge';
    if (this.#state !== 'Open') return this.#state;
    if (this.#bytes > this.#limit) this.#end('TooLarge');
    else if (this.#take(chunk.length)) {
      this.#taken += chunk.length;
      this.#chunks.push(chunk);
    } else this.#end('Busy');
    return this.#state;
  }

  get state(): 'Open' | 'TooLarge' | 'Busy' | 'Closed' {
    return this.#state;
  }

  /** The whole message, of one that is open; to be asked once: its parts are let go. */
  raw(): Buffer {
    return Buffer.concat(this.#chunks.splice(0));
  }

  /** Gives back what it took; to be called at the end, whatever it was. */
  close(): void {
    this.#end('Closed');
  }

  #end(state: 'TooLarge' | 'Busy' | 'Closed'): void {
    this.#state = state;
    this.#chunks = [];
    this.#take(-this.#taken);
    this.#taken = 0;
  }
}
