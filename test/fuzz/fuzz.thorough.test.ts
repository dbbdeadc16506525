import { describe, expect, test } from 'vitest';
import { execute } from './execute.ts';
import { keptCases, targetsWithFindings } from './findings.ts';
import { session } from './session.ts';
import { targetNamed, targets } from './targets/registry.ts';

/** Executions of each target here: some seconds of CPU. `npm run fuzz` goes on where these end. */
const executions = 600;
const timeout = 120_000;
/** A busy machine takes two or three times as long; what grows with a square takes far more. */
const patience = 5;

describe('what was found once stays mended', () => {
  const kept = targetsWithFindings().flatMap((name) => keptCases(name).map((one) => ({ name, ...one })));
  test('findings are kept', () => {
    expect(kept.length).toBeGreaterThan(0);
  });
  test.each(kept.map((one) => [one.name, one.file, one.what, one] as const))('%s %s: %s', async (name, _, __, one) => {
    expect(await execute(targetNamed(name), one, patience)).toBeNull();
  });
});

describe('a fixed seed finds nothing', () => {
  test.each(targets.map((target) => [target.name, target] as const))('%s', { timeout }, async (_, target) => {
    const found: string[] = [];
    const result = await session(target, {
      seed: 1,
      executions,
      patience,
      minimise: false,
      onFinding: (_one, fault, index) => found.push(`execution ${index}: ${fault.kind}, ${fault.detail}`),
    });
    expect(found).toEqual([]);
    expect(result).toEqual({ executions, crashes: 0, divergences: 0, slow: 0 });
  });
});
