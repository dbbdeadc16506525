import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorProcess } from '../operator/world/process.ts';
import type { OperatorWorld } from '../operator/world/world.ts';
import { eventually } from '../support/processes.ts';

/** Operators of which one leads and the others stand by; who ends is replaced, as the kubelet would. */
export interface Team {
  /** Who leads now, by its own metrics; waits until somebody does. */
  leader(): Promise<OperatorProcess>;
  readonly started: number;
  stop(): Promise<void>;
}

export async function startTeam(world: OperatorWorld, size: number): Promise<Team> {
  const env = { MAILMILL_STATUS_POLL_SECONDS: '5' };
  const members = new Set<OperatorProcess>();
  let started = 0;
  let stopped = false;
  const join = async () => {
    started += 1;
    members.add(await world.operator(env));
  };
  for (let i = 0; i < size; i++) await join();
  const supervise = async () => {
    while (!stopped) {
      for (const one of [...members]) {
        if (!one.ended || stopped) continue;
        members.delete(one);
        // One that does not become ready (the API server is away) has ended, and is started once more.
        for (let made = false; !made && !stopped; ) {
          made = await join().then(
            () => true,
            () => false,
          );
        }
      }
      await sleep(100);
    }
  };
  const supervising = supervise();
  return {
    get started() {
      return started;
    },
    leader: () =>
      eventually(async () => {
        for (const one of members) {
          if (!one.ended && (await one.metric('leader_election_master_status')) === 1) return one;
        }
        return undefined;
      }, 60_000),
    stop: async () => {
      stopped = true;
      await supervising;
      for (const one of members) {
        one.signal('SIGTERM');
        await one.exit();
      }
    },
  };
}
