import { median, round } from './statistics.ts';

/** Users of the peers' mail server by our name for their mail. */
export const corpora = { small: 'bench', large: 'attach' } as const;
export type Corpus = keyof typeof corpora;

/** Peers that fill the same table from the same folder; the others are limits, or copy files. */
const comparable = ['python', 'camel', 'angus-jdbc', 'node-common'];

/** One measured pass, as bench.mjs of the peers writes it. */
export interface Round {
  readonly name: string;
  readonly user: string;
  readonly full: { readonly wall: number };
}

/** Our rate beside the best peer's, each the median of its rounds, for whole processes; and with our start-up taken off ours. */
export interface Summary {
  readonly messagesPerSecond: number;
  /** Absent when no peer ran. */
  readonly bestPeer?: string;
  readonly bestPeerMessagesPerSecond?: number;
  readonly ratio?: number;
  /** From the start of the process to its first FETCH. */
  readonly startUpSeconds: number;
  readonly messagesPerSecondWithoutStartUp: number;
  readonly ratioWithoutStartUp?: number;
}

/**
 * @param startUps seconds, of each of our passes.
 * @throws when none of our passes counts.
 */
export function summary(
  rounds: readonly Round[],
  user: string,
  messages: number,
  startUps: readonly number[],
): Summary {
  const seconds = (name: string) => {
    const walls = rounds.filter((each) => each.name === name && each.user === user).map((each) => each.full.wall);
    return walls.length === 0 ? undefined : median(walls);
  };
  const ours = seconds('mailmill');
  if (ours === undefined) throw new Error(`every pass of mailmill over ${user} was void; the lines above say why`);
  const startUp = median(startUps);
  const rate = messages / ours;
  const without = messages / (ours - startUp);
  let best: { readonly name: string; readonly rate: number } | undefined;
  for (const name of comparable) {
    const wall = seconds(name);
    if (wall !== undefined && messages / wall > (best?.rate ?? 0)) best = { name, rate: messages / wall };
  }
  return {
    messagesPerSecond: round(rate, 0),
    ...(best && {
      bestPeer: best.name,
      bestPeerMessagesPerSecond: round(best.rate, 0),
      ratio: round(rate / best.rate, 2),
    }),
    startUpSeconds: round(startUp, 3),
    messagesPerSecondWithoutStartUp: round(without, 0),
    ...(best && { ratioWithoutStartUp: round(without / best.rate, 2) }),
  };
}
