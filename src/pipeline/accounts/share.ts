/** How the leases of a pipeline's accounts stand, as one of its workers sees them. */
export interface Shares {
  /** Accounts in this worker's list. */
  readonly accounts: number;
  /** Leases that it holds. */
  readonly mine: number;
  /** Leases that each other worker holds that takes part. */
  readonly others: readonly number[];
}

/** Of the leases that are too many, at least so many go at a time. */
const leastAtATime = 10;
/** Of all accounts, this part goes at a time: the others go on while these log in elsewhere. */
const partAtATime = 1 / 20;

const share = ({ accounts, others }: Shares) => accounts / (others.length + 1);

/**
 * How many free leases to take: up to the share, rounded up. `left`: they have been free for a while and nobody took them, so they are taken
 * beyond it.
 */
export function leasesToTake(shares: Shares & { readonly free: number; readonly left: boolean }): number {
  const room = shares.left ? shares.free : Math.ceil(share(shares)) - shares.mine;
  return Math.max(0, Math.min(shares.free, room));
}

/**
 * How many leases to hand over, when another worker has less than its share: what is above the share, rounded up, some at a time. `leaving` are
 * on their way already.
 */
export function leasesToGive(shares: Shares & { readonly leaving: number }): number {
  const missing = shares.others.reduce((sum, held) => sum + Math.max(0, Math.floor(share(shares)) - held), 0);
  const excess = Math.min(shares.mine - Math.ceil(share(shares)), missing) - shares.leaving;
  const atATime = Math.max(leastAtATime, Math.ceil(shares.accounts * partAtATime)) - shares.leaving;
  return Math.max(0, Math.min(excess, atATime));
}
