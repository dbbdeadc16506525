import { execute } from './execute.ts';
import { minimiseBytes, minimiseChoices } from './minimise.ts';
import { Random } from './random.ts';
import type { Case, Fault, FindingKind, Target } from './target.ts';

export interface SessionOptions {
  readonly seed: number;
  /** Number of the first execution. */
  readonly first?: number;
  /** Executions after which it ends. */
  readonly executions?: number;
  /** Wall time after which it ends, in milliseconds. */
  readonly milliseconds?: number;
  /** Times the budget of CPU that an input may take before it is slow: 1 unless told. */
  readonly patience?: number;
  /** Smaller inputs are looked for; not for slow ones, which would end at their limit, where chance decides. */
  readonly minimise?: boolean;
  /** Called before each execution with its number. */
  readonly onExecution?: (index: number) => void;
  /** Called before each input that is tried to be smaller. */
  readonly onMinimising?: () => void;
  /** Called for each input that shows a fault, known or not. */
  readonly onFault?: (kind: FindingKind) => void;
  readonly onFinding?: (one: Case, fault: Fault, index: number) => void;
}

export interface SessionResult {
  readonly executions: number;
  readonly crashes: number;
  readonly divergences: number;
  readonly slow: number;
}

/** Makes a case smaller as long as it shows the same fault. */
async function minimised(
  target: Target,
  random: Random,
  one: Case,
  fault: Fault,
  onMinimising: (() => void) | undefined,
): Promise<Case> {
  const same = async (candidate: Case) => {
    onMinimising?.();
    const found = await execute(target, candidate);
    return found?.kind === fault.kind && found.signature === fault.signature;
  };
  if (one.expected === undefined) return { bytes: await minimiseBytes(one.bytes, (bytes) => same({ bytes })) };
  const remake = (choices: readonly number[]) => target.generate(Random.replayed(choices));
  const choices = await minimiseChoices(random.choices, (fewer) => {
    const candidate = remake(fewer);
    return candidate.expected === undefined ? Promise.resolve(false) : same(candidate);
  });
  return remake(choices);
}

/**
 * Runs one execution after the other, each from its own number and the seed alone. A fault is told once for each
 * signature, with the smallest input found; all are counted.
 */
export async function session(target: Target, options: SessionOptions): Promise<SessionResult> {
  const { seed, first = 0, executions = Infinity, milliseconds = Infinity } = options;
  const end = Date.now() + milliseconds;
  const known = new Set<string>();
  const counts = { crash: 0, divergence: 0, slow: 0 };
  let index = first;
  for (; index < first + executions && Date.now() < end; index++) {
    options.onExecution?.(index);
    const random = Random.seeded(seed, index);
    const one = target.generate(random);
    const fault = await execute(target, one, options.patience);
    if (fault === null) continue;
    counts[fault.kind]++;
    options.onFault?.(fault.kind);
    const key = `${fault.kind} ${fault.signature}`;
    if (known.has(key)) continue;
    known.add(key);
    const smallest =
      options.minimise === false || fault.kind === 'slow'
        ? one
        : await minimised(target, random, one, fault, options.onMinimising);
    const final = (await execute(target, smallest, options.patience)) ?? fault;
    options.onFinding?.(smallest, final, index);
  }
  return {
    executions: index - first,
    crashes: counts.crash,
    divergences: counts.divergence,
    slow: counts.slow,
  };
}
