import { describe, expect, test } from 'vitest';
import { firstDifference } from '../../src/kubernetes/apply.ts';
import { quantityOf } from '../../src/kubernetes/quantity.ts';

const worker = (more: Record<string, unknown>) => ({ spec: { containers: [{ name: 'worker', ...more }] } });

describe('desired ⊆ live', () => {
  const same: readonly (readonly [what: string, desired: unknown, live: unknown])[] = [
    ['what only the server has', { spec: { a: 1 } }, { spec: { a: 1, b: 2 }, status: {} }],
    ['fields without a value', { spec: { a: undefined } }, { spec: {} }],
    ['empty maps and lists that the server drops', { a: {}, b: [] }, {}],
    [
      'quantities by value',
      worker({ resources: { limits: { memory: '1024Mi', cpu: '0.5' } } }),
      worker({ resources: { limits: { memory: '1Gi', cpu: '500m' } } }),
    ],
    [
      'containers by name',
      worker({ image: 'a' }),
      { spec: { containers: [{ name: 'proxy' }, { name: 'worker', image: 'a' }] } },
    ],
    [
      'container ports by number and protocol',
      worker({ ports: [{ containerPort: 1 }] }),
      worker({ ports: [{ containerPort: 1, protocol: 'TCP' }] }),
    ],
    [
      'variables by name',
      worker({ env: [{ name: 'A', value: '1' }] }),
      worker({
        env: [
          { name: 'B', value: '2' },
          { name: 'A', value: '1' },
        ],
      }),
    ],
    [
      'items of atomic lists with defaults',
      { tolerations: [{ key: 'a' }] },
      { tolerations: [{ key: 'a', operator: 'Equal' }] },
    ],
  ];
  test.each(same)('%s', (_, desired, live) => {
    expect(firstDifference(desired, live)).toBeUndefined();
  });

  const different: readonly (readonly [what: string, desired: unknown, live: unknown, text: string])[] = [
    ['a scalar', { spec: { replicas: 2 } }, { spec: { replicas: 1 } }, 'spec.replicas: 1 → 2'],
    ['an absent field', { spec: { paused: true } }, { spec: {} }, 'spec.paused: absent → true'],
    [
      'a false that was removed',
      { spec: { automountServiceAccountToken: false } },
      { spec: {} },
      'spec.automountServiceAccountToken: absent → false',
    ],
    ['a type', { port: 1 }, { port: '1' }, 'port: 1 → 1'],
    [
      'a quantity',
      worker({ resources: { limits: { memory: '2Gi' } } }),
      worker({ resources: { limits: { memory: '1Gi' } } }),
      'spec.containers[name=worker].resources.limits.memory: 1Gi → 2Gi',
    ],
    ['numbers that are no quantities', { data2: '1.0' }, { data2: '1' }, 'data2: 1 → 1.0'],
    [
      'an absent item',
      worker({}),
      { spec: { containers: [{ name: 'other' }] } },
      'spec.containers[name=worker]: absent → set',
    ],
    ['a longer atomic list', { args: ['a'] }, { args: ['a', 'b'] }, 'args: 2 items → 1 items'],
    ['order in an atomic list', { args: ['a', 'b'] }, { args: ['b', 'a'] }, 'args[0]: b → a'],
    [
      'ports of a network policy are atomic',
      { ports: [{ port: 1 }] },
      { ports: [{ port: 2 }, { port: 1 }] },
      'ports: 2 items → 1 items',
    ],
    ['a list that should be empty', { egress: [] }, { egress: [{}] }, 'egress: 1 items → 0 items'],
    [
      'the value of a variable stays unsaid',
      worker({ env: [{ name: 'A', value: 'x' }] }),
      worker({ env: [{ name: 'A', value: 'y' }] }),
      'spec.containers[name=worker].env[name=A].value',
    ],
    ['data stays unsaid', { data: { a: 'x' } }, { data: { a: 'y' } }, 'data.a'],
    ['the first of several, in the order of what is desired', { b: 1, a: 1 }, { a: 2, b: 2 }, 'b: 2 → 1'],
  ];
  test.each(different)('%s', (_, desired, live, text) => {
    expect(firstDifference(desired, live)).toBe(text);
  });
});

describe('quantities', () => {
  const equal = [
    ['1', 1],
    ['1', '1000m'],
    ['0.1', '100m'],
    ['1Ki', '1024'],
    ['1.5Gi', '1536Mi'],
    ['1e3', '1k'],
    ['1E', '1000P'],
    ['-1', '-1000m'],
    ['1u', '1000n'],
    ['.5', '500m'],
    ['5.', '5'],
    ['0.1n', '1n'],
  ] as const;
  test.each(equal)('%s = %s', (a, b) => {
    expect(quantityOf(a)).toBeDefined();
    expect(quantityOf(a)).toBe(quantityOf(b));
  });
  test.each(['', 'Mi', '1 Mi', '1mi', 'a', '1.2.3', '.', true, null])('%s is none', (value) => {
    expect(quantityOf(value)).toBeUndefined();
  });
});
