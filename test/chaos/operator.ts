import { setTimeout as sleep } from 'node:timers/promises';
import {
  emailPipelines,
  type KubernetesObject,
  mailboxSources,
  type ResourceType,
} from '../../src/kubernetes/objects.ts';
import { Random } from '../fuzz/random.ts';
import { operatorUser } from '../operator/account.ts';
import {
  applyAll,
  isDone,
  makeSurroundings,
  type Population,
  population,
  stubOf,
} from '../operator/world/population.ts';
import { enterLoopback, type OperatorWorld, startOperatorWorld } from '../operator/world/world.ts';
import { eventually } from '../support/processes.ts';
import { type Round, roundOf } from './changes.ts';
import { childrenOf, differences } from './children.ts';
import { leadership } from './leaders.ts';
import { startTeam, type Team } from './team.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly minutes: number;
  log(line: string): void;
}

const program = new URL('../../src/mailmill.mjs', import.meta.url).pathname;
/** A short run has each fault once, and a pause that is only a little longer than the lease. */
const shortMinutes = 2;
const pauseMs = { short: 20_000, long: 60_000 } as const;
const roundSeconds = 40;
/** A leader that vanished is followed after 15 s; the rest is work. */
const convergenceMs = 120_000;

type Children = ReadonlyMap<string, string>;

interface Fault {
  readonly name: string;
  /** Strikes while `changing` is under way or has just been done. */
  strike(world: OperatorWorld, team: Team, changing: () => Promise<void>, random: Random): Promise<void>;
}

const faultsOf = (pause: number): readonly Fault[] => [
  {
    name: 'leader killed',
    strike: async (_, team, changing, random) => {
      const leader = await team.leader();
      const changed = changing();
      await sleep(random.int(1_500));
      leader.signal('SIGKILL');
      await changed;
    },
  },
  {
    name: 'API server restarted',
    strike: async ({ plane }, _, changing, random) => {
      await changing();
      await sleep(random.int(800));
      await plane.stopApiServer(random.int(2) === 0 ? 'SIGKILL' : 'SIGTERM');
      await sleep(random.int(4_000));
      await plane.startApiServer();
    },
  },
  {
    name: `leader paused for ${pause / 1000} s`,
    strike: async (_, team, changing, random) => {
      const leader = await team.leader();
      const changed = changing();
      await sleep(random.int(1_500));
      leader.signal('SIGSTOP');
      await Promise.all([changed, sleep(pause)]);
      leader.signal('SIGCONT');
      await sleep(2_000); // what it had in hand when it was paused, it would write now
    },
  },
];

/**
 * Faults while the resources change, and after each the children that a run without faults has. Throws with what was wrong.
 */
export async function operatorChaos({ seed, minutes, log }: ChaosOptions): Promise<void> {
  enterLoopback();
  const short = minutes < shortMinutes;
  const faults = faultsOf(pauseMs[short ? 'short' : 'long']);
  const rounds = short ? faults.length : Math.max(faults.length + 1, Math.floor((minutes * 60) / roundSeconds));
  log(`operator: seed ${seed}, ${rounds} rounds`);
  const wanted = population(40, 10, 5);
  const script = Array.from({ length: rounds }, (_, i) => roundOf(i + 1, wanted, Random.seeded(seed, i)));
  const expected = await reference(wanted, script, log);

  const world = await startOperatorWorld(program);
  try {
    const team = await startTeam(world, 2);
    await prepare(world, wanted);
    await converge(world, expected[0]!);
    for (const [i, round] of script.entries()) {
      const random = Random.seeded(seed, 1_000 + i);
      const fault = faults[i < faults.length ? i : random.int(faults.length)]!;
      await fault.strike(world, team, () => round.run(world.client, world.signal), random);
      const since = Date.now();
      await converge(world, expected[i + 1]!);
      log(
        `round ${i + 1}: ${fault.name}; ${round.say}; converged ${Math.round((Date.now() - since) / 100) / 10} s later`,
      );
    }
    const { terms, strays, writes } = leadership(await world.plane.writes(operatorUser));
    await team.stop();
    log(
      `operator: ${writes} writes in ${terms.length} terms of ${team.started} processes, ${strays.length} by who did not lead`,
    );
    if (strays.length > 0) throw new Error(`more than one leader:\n${strays.slice(0, 20).join('\n')}`);
    const least = script.length > faults.length ? 3 : 2;
    if (terms.length < least) throw new Error(`only ${terms.length} terms: the faults did not strike`);
  } finally {
    await world.stop();
  }
}

/** Children after each round when nothing goes wrong; the first entry is before the first round. */
async function reference(wanted: Population, script: readonly Round[], log: ChaosOptions['log']): Promise<Children[]> {
  const world = await startOperatorWorld(program);
  try {
    await world.operator({ MAILMILL_STATUS_POLL_SECONDS: '5' });
    await prepare(world, wanted);
    await untilStill(world);
    const found = [await childrenOf(world.client, world.signal)];
    for (const round of script) {
      await round.run(world.client, world.signal);
      await untilStill(world);
      found.push(await childrenOf(world.client, world.signal));
    }
    log(`operator: ${found[0]!.size} children without faults, ${found.at(-1)!.size} after ${script.length} rounds`);
    return found;
  } finally {
    await world.stop();
  }
}

async function prepare(world: OperatorWorld, wanted: Population): Promise<void> {
  for (const pipeline of wanted.pipelines) world.workers.add(stubOf(pipeline));
  await makeSurroundings(world.client, wanted, world.signal);
  await applyAll(world.client, wanted, world.signal);
}

async function allDone({ client, signal }: OperatorWorld): Promise<boolean> {
  for (const type of [emailPipelines, mailboxSources]) {
    const { items } = await client.list<KubernetesObject>(type as unknown as ResourceType, { limit: 500, signal });
    if (!items.every(isDone)) return false;
  }
  return true;
}

/** Waits until everything is done and the operator has written nothing for 4 s. */
async function untilStill(world: OperatorWorld): Promise<void> {
  let last = { count: -1, at: 0 };
  await eventually(async () => {
    await sleep(300);
    const all = await world.plane.writes(operatorUser);
    const count = all.filter(({ resource }) => resource !== 'leases').length;
    if (count !== last.count) last = { count, at: Date.now() };
    return Date.now() - last.at >= 4_000 && (await allDone(world));
  }, convergenceMs);
}

/** Waits until everything is done and the children are `expected`, and stay so. */
async function converge(world: OperatorWorld, expected: Children): Promise<void> {
  let wrong: readonly string[] = [];
  const holds = async () => {
    await sleep(200);
    wrong = differences(expected, await childrenOf(world.client, world.signal));
    return wrong.length === 0 && (await allDone(world));
  };
  await eventually(holds, convergenceMs).catch((cause: unknown) => {
    const what = wrong.length === 0 ? 'not every resource is Ready' : wrong.slice(0, 20).join('\n');
    throw new Error(`no convergence within ${convergenceMs / 1000} s:\n${what}`, { cause });
  });
  await sleep(2_000);
  if (!(await holds())) throw new Error(`it did not stay so:\n${wrong.slice(0, 20).join('\n')}`);
}
