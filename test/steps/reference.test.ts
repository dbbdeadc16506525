import { readFileSync } from 'node:fs';
import { Environment } from '@marcbachmann/cel-js';
import { describe, expect, it } from 'vitest';
import { registerFunctions } from '../../src/steps/cel/functions.ts';
import { limits } from '../../src/steps/cel/limits.ts';
import { Meter } from '../../src/steps/cel/meter.ts';
import { Patterns } from '../../src/steps/cel/patterns.ts';

const text = readFileSync(new URL('../../src/steps/expressions.md', import.meta.url), 'utf8');

describe('the reference of expressions', () => {
  it('names every function, and no other', () => {
    const meter = new Meter();
    const { functions, methods } = registerFunctions(new Environment(), meter, new Patterns(meter));
    const rows = text.split('\n').filter((line) => line.startsWith('| ') && !line.includes('cel.bind'));
    const named = new Set(rows.flatMap((row) => [...row.matchAll(/`([a-zA-Z_]+)`/g)].map((match) => match[1])));
    expect([...named].sort()).toStrictEqual(
      [...new Set([...functions.keys(), ...methods.keys()])].filter((name) => name !== 'bind').sort(),
    );
  });

  it('states the bounds that hold', () => {
    const numbers = [limits.astNodes, limits.depth, limits.viewString, limits.viewList, limits.madeList, limits.work];
    for (const number of numbers) expect(text).toContain(number.toLocaleString('en-US'));
  });
});
