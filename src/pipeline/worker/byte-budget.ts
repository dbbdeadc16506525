import { waiting } from '../../telemetry/errors.ts';

/** Milliseconds after which a reader that got no room lets its connection go and comes back. */
const patienceMs = 30_000;
const comeBackMs = 5_000;

/**
 * A process-wide bound of raw bytes in memory. What does not fit waits, first come first served; one that is larger than the
 * whole budget passes when it is alone.
 */
export class ByteBudget {
  readonly total: number;
  #used = 0;
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

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.total;
  }

  #wake(): void {
    for (let next = this.#waiting[0]; next && this.#fits(next.bytes); next = this.#waiting[0]) {
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
