import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Milliseconds between two looks. */
const lookMs = 2_000;
/** Bytes by which memory must have grown since it was last given back, to be worth a pause of some hundred milliseconds. */
const worthIt = 24 * 2 ** 20;

/** Fewer messages are read between two looks at rest. */
const restful = 40;

type Collect = (options: { readonly type: 'major'; readonly flavor: 'last-resort' }) => void;

interface Memory {
  /** Bytes of the process. */
  readonly rss: () => number;
  readonly collect: () => void;
}

/**
 * Gives memory back while a worker reads next to nothing. One that logs in to a thousand accounts, or has caught up with a backlog, has a heap that is
 * sized for that; V8 keeps it for as long as next to nothing is allocated, which for idle mailboxes is for ever. While accounts log in it is given
 * back as well: what they leave behind would be half as much again as what they need.
 */
export class MemoryRest {
  readonly #read: () => number;
  readonly #memory: Memory;
  #timer: NodeJS.Timeout | undefined;
  /** As `read` said at the last look. */
  #seen = Number.NEGATIVE_INFINITY;
  #rss = 0;

  /** `read` counts the messages that were read. */
  constructor(read: () => number, memory: Memory = ofProcess()) {
    this.#read = read;
    this.#memory = memory;
  }

  start(): void {
    this.#timer = setInterval(() => this.#look(), lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { rss, collect } = this.#memory;
    const now = this.#read();
    const resting = Math.abs(now - this.#seen) < restful;
    this.#seen = now;
    if (!resting || rss() < this.#rss + worthIt) return;
    collect();
    this.#rss = rss();
  }
}

function ofProcess(): Memory {
  let gc: Collect | undefined;
  const collect = () => {
    gc ??= collector();
    gc({ type: 'major', flavor: 'last-resort' });
  };
  return { rss: () => process.memoryUsage.rss(), collect };
}

/** V8's own, which Node shows to scripts only when asked to. */
function collector(): Collect {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as Collect; // what the flag puts there
}
