import { type MailmillError, stalled } from '../../telemetry/errors.ts';

/** Most bytes that are unpacked of one message, all its attachments together. */
export const maxUnpacked = 64 * 2 ** 20;
/** Most bytes that one packed byte may become. */
export const maxRatio = 100;

const tooLarge = () =>
  stalled('REPORT_TOO_LARGE', 'the report unpacks to more than its size allows (100:1, 64 MiB); it is not read');

/** Bytes that may still be unpacked: 64 MiB of one message, a hundred times the size of each attachment. */
export class UnpackBudget {
  #left: number = maxUnpacked;

  /** The part of this budget that a packed file of `size` bytes has. */
  file(size: number): FileBudget {
    return new FileBudget(Math.min(this.#left, size * maxRatio), (bytes) => {
      this.#left -= bytes;
    });
  }
}

/** What one attachment, with all that is packed in it, may still become. */
export class FileBudget {
  #left: number;
  readonly #spent: (bytes: number) => void;

  constructor(left: number, spent: (bytes: number) => void) {
    this.#left = left;
    this.#spent = spent;
  }

  get left(): number {
    return this.#left;
  }

  /** @throws MailmillError `REPORT_TOO_LARGE` when `bytes` are more than is left. */
  spend(bytes: number): void {
    if (bytes > this.#left) throw this.exceeded();
    this.#left -= bytes;
    this.#spent(bytes);
  }

  /** The error for a file that becomes too large; the work that was done until then counts for the whole message. */
  exceeded(): MailmillError {
    this.#spent(this.#left);
    this.#left = 0;
    return tooLarge();
  }
}
