import { describe, expect, test } from 'vitest';
import { execute } from './execute.ts';
import { minimiseBytes, minimiseChoices } from './minimise.ts';
import { Random } from './random.ts';
import { session } from './session.ts';
import { Divergence, type Fault, type Target } from './target.ts';
import { targets } from './targets/registry.ts';

const draw = (random: Random) => random.list(0, 50, () => random.int(1_000));

describe('choices', () => {
  test('are the same for the same seed and number, and others otherwise', () => {
    expect(draw(Random.seeded(7, 3))).toEqual(draw(Random.seeded(7, 3)));
    expect(draw(Random.seeded(7, 3))).not.toEqual(draw(Random.seeded(7, 4)));
    expect(draw(Random.seeded(7, 3))).not.toEqual(draw(Random.seeded(8, 3)));
  });

  test('make the same input again', () => {
    const random = Random.seeded(1, 1);
    const drawn = draw(random);
    expect(draw(Random.replayed(random.choices))).toEqual(drawn);
  });

  test.each(targets.map((target) => [target.name, target] as const))(
    '%s makes each input twice the same',
    (_, target) => {
      for (let i = 0; i < 20; i++) {
        const random = Random.seeded(5, i);
        const one = target.generate(random);
        expect(target.generate(Random.seeded(5, i))).toEqual(one);
        expect(target.generate(Random.replayed(random.choices))).toEqual(one);
      }
    },
  );
});

describe('smaller inputs', () => {
  test('of bytes', async () => {
    const input = Buffer.from(`${'x'.repeat(500)}A${'y'.repeat(300)}B${'z'.repeat(99)}`);
    const smallest = await minimiseBytes(input, (bytes) => Promise.resolve(/A.*B/s.test(bytes.toString())));
    expect(smallest.toString()).toBe('AB');
  });

  test('of choices', async () => {
    const input = [5, 9, 400, 3, 77, 12];
    const smallest = await minimiseChoices(input, (choices) => Promise.resolve(choices.some((one) => one >= 50)));
    expect(smallest).toEqual([50]);
  });
});

/** A target that is wrong for some inputs. */
const faulty = (check: (bytes: Buffer) => void): Target => ({
  name: 'faulty',
  budget: { base: 20, perKiB: 0 },
  generate: (random) => ({ bytes: random.bytes(random.between(0, 30)) }),
  check: ({ bytes }) => check(bytes),
});

async function faultsOf(target: Target): Promise<readonly [Fault, string][]> {
  const found: [Fault, string][] = [];
  const onFinding = (one: { readonly bytes: Buffer }, fault: Fault) =>
    found.push([fault, one.bytes.toString('latin1')]);
  await session(target, { seed: 1, executions: 300, onFinding });
  return found;
}

describe('a fault', () => {
  test('that throws is a crash, told once with its smallest input', async () => {
    const target = faulty((bytes) => {
      if (bytes.includes(0x41)) throw new TypeError('an A');
    });
    expect(await faultsOf(target)).toEqual([[expect.objectContaining({ kind: 'crash' }), 'A']]);
  });

  test('that breaks a promise is a divergence', async () => {
    const target = faulty((bytes) => {
      if (bytes.length > 10) throw new Divergence('too long', `${bytes.length}`);
    });
    const [found] = await faultsOf(target);
    expect(found?.[0]).toMatchObject({ kind: 'divergence', signature: 'too long' });
    expect(found?.[1]).toHaveLength(11);
  });

  test('that takes time is slow, when it does so each time', async () => {
    const burn = (milliseconds: number) => {
      const start = process.threadCpuUsage().user;
      while (process.threadCpuUsage().user - start < milliseconds * 1_000);
    };
    const one = { bytes: Buffer.alloc(0) };
    expect(
      await execute(
        faulty(() => burn(40)),
        one,
      ),
    ).toMatchObject({ kind: 'slow' });
    expect(
      await execute(
        faulty(() => burn(40)),
        one,
        40,
      ),
    ).toBeNull();
    let runs = 0;
    expect(
      await execute(
        faulty(() => burn(runs++ === 0 ? 40 : 0)),
        one,
      ),
    ).toBeNull();
    expect(runs).toBe(2);
  });
});
