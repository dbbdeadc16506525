import type { Target } from '../target.ts';
import { authentication } from './authentication.ts';
import { cel } from './cel.ts';
import { parser, roundTrip } from './parser.ts';
import { resources } from './resources.ts';

/** Everything that is fuzzed. */
export const targets: readonly Target[] = [parser, roundTrip, authentication, cel, resources];

export function targetNamed(name: string): Target {
  const found = targets.find((target) => target.name === name);
  if (found === undefined) throw new RangeError(`there is no target ${name}`);
  return found;
}
