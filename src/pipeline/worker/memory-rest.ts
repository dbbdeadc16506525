import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds between two looks. */
const lookMs = 5_000;
/** Bytes by which memory must have grown since it was last given back, to be worth a pause of some hundred milliseconds. */
const worthIt = 24 * 2 ** 20;

/** So little is done between two looks at rest. */
const restful = 100;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

/**
 * Gives memory back when a worker comes to rest. A worker that has logged in to a thousand accounts, or caught up with a backlog, has a heap that was
 * sized for that; V8 keeps it for as long as next to nothing is allocated, which for idle mailboxes is for ever.
 */
export class MemoryRest {
  readonly #busy: () => number;
  #timer: NodeJS.Timeout | undefined;
  #collect: Collect | undefined;
  /** As `busy` said at the last look. */
  #seen = Number.NEGATIVE_INFINITY;
  #rss = 0;

  /** `busy` counts what was done: messages, connections. */
  constructor(busy: () => number) {
    this.#busy = busy;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = this.#busy();
    const resting = Math.abs(now - this.#seen) < restful;
    this.#seen = now;
    if (!resting || process.memoryUsage.rss() < this.#rss + worthIt) return;
    this.#collect ??= collector();
    this.#collect({ type: 'major', flavor: 'last-resort' });
    this.#rss = process.memoryUsage.rss();
  }
}

/** V8's own, which Node shows to scripts only when asked to. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect; // what the flag puts there
}
