import { waiting } from '../../telemetry/errors.ts';

/** Milliseconds after which a reader that got no room lets its connection go and comes back. */
const patienceMs = 30_000;
const comeBackMs = 5_000;

/** Bytes that are held, and that somebody could do without. */
interface Kept {
  readonly bytes: number;
  readonly drop: () => void;
}

/**
 * A process-wide bound of raw bytes in memory. What does not fit waits, first come first served; one that is larger than the
 * whole budget passes when it is alone.
 */
export class ByteBudget {
  readonly total: number;
  #used = 0;
  /** The oldest first. */
  readonly #kept = new Set<Kept>();
  readonly #waiting: { readonly bytes: number; readonly grant: () => void }[] = [];

  constructor(total: number) {
    this.total = total;
  }

  get used(): number {
    return this.#used;
  }

  /** Waits until `bytes` fit and takes them. Throws the signal's reason; Waiting `WORKER_MEMORY_BUSY` after 30 s. */
  async acquire(bytes: number, signal: AbortSignal, waitMs = patienceMs): Promise<void> {
    signal.throwIfAborted();
    if (this.#waiting.length === 0) this.#makeRoom(bytes);
    if (this.tryAcquire(bytes)) return;
    await new Promise<void>((resolve, reject) => {
      const entry = {
        bytes,
        grant: () => {
          leave();
          resolve();
        },
      };
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
      };
      const giveUp = (reason: unknown) => {
        leave();
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        reject(reason);
        this.#wake();
      };
      const abort = () => giveUp(signal.reason);
      const timer = setTimeout(() => giveUp(busy()), waitMs);
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(entry);
    });
  }

  /** Takes `bytes` when they fit now and nobody waits. */
  tryAcquire(bytes: number): boolean {
    if (this.#waiting.length > 0 || !this.#fits(bytes)) return false;
    this.#used += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#used -= bytes;
    this.#wake();
  }

  /**
   * Bytes that were acquired may be taken away from now on: when others wait for room, `drop` is told. The result takes them back, as
   * acquired; false: they are gone.
   */
  keep(bytes: number, drop: () => void): () => boolean {
    const kept = { bytes, drop };
    this.#kept.add(kept);
    this.#wake();
    return () => this.#kept.delete(kept);
  }

  #makeRoom(bytes: number): void {
    for (const kept of this.#kept) {
      if (this.#fits(bytes)) return;
      this.#kept.delete(kept);
      this.#used -= kept.bytes;
      kept.drop();
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.total;
  }

  #wake(): void {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      this.#makeRoom(next.bytes);
      if (!this.#fits(next.bytes)) return;
      this.#waiting.shift();
      this.#used += next.bytes;
      next.grant();
    }
  }
}

const busy = () =>
  waiting(
    'WORKER_MEMORY_BUSY',
    'mail that waits for its delivery fills the memory meant for it; reading goes on when a sink or the store has taken some',
    { retryAfterMs: comeBackMs },
  );
