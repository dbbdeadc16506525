import { type Case, type Fault, faultOf, type Target } from './target.ts';

/** How often an input is measured again before it counts as slow. */
const measurements = 3;

/** CPU milliseconds of this thread that a call takes. */
async function cpu(run: () => void | Promise<void>): Promise<number> {
  const before = process.threadCpuUsage();
  await run();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

/** CPU milliseconds that a case may take. */
export const allowed = (target: Target, one: Case): number =>
  target.budget.base + (one.bytes.length / 1_024) * target.budget.perKiB;

/**
 * Runs a target on one case; null when all is well. A case is slow when it takes more than its budget, times
 * `patience`, each time that it is measured: the machine may be busy, and the first time includes compiling.
 */
export async function execute(target: Target, one: Case, patience = 1): Promise<Fault | null> {
  const limit = patience * allowed(target, one);
  try {
    let least = await cpu(() => target.check(one));
    for (let i = 0; i < measurements && least > limit; i++) least = Math.min(least, await cpu(() => target.check(one)));
    if (least <= limit) return null;
    const detail = `${Math.round(least)} ms of CPU for ${one.bytes.length} bytes, allowed are ${Math.round(limit)}`;
    return { kind: 'slow', signature: 'slow', detail };
  } catch (error) {
    return faultOf(error);
  }
}
