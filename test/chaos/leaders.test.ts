import { expect, test } from 'vitest';
import type { Write } from '../support/control-plane/audit.ts';
import { differences } from './children.ts';
import { leadership } from './leaders.ts';

const write = (who: string, resource: string, at: number, code = 200): Write => ({
  verb: 'patch',
  resource,
  namespace: 'team',
  name: 'x',
  userAgent: `mailmill-operator/${who}`,
  code,
  receivedAt: at,
  at: at + 1,
});

test('one leader after the other, and nobody beside them', () => {
  const log = [
    write('a', 'leases', 10),
    write('a', 'deployments', 20),
    write('b', 'leases', 25, 409),
    write('a', 'deployments', 26),
    write('b', 'leases', 30),
    write('b', 'deployments', 40),
  ];
  expect(leadership(log)).toEqual({ terms: ['a', 'b'], strays: [], writes: 3 });
  const late = [...log, write('a', 'events', 50)];
  expect(leadership(late).strays).toEqual([expect.stringMatching(/^patch events team\/x by a at .*, while b led$/)]);
});

test('children that differ are named', () => {
  const before = new Map([
    ['Deployment a/x', '{\n"replicas": 1\n}'],
    ['ConfigMap a/y', ''],
  ]);
  expect(differences(before, before)).toEqual([]);
  const after = new Map([
    ['Deployment a/x', '{\n"replicas": 2\n}'],
    ['ConfigMap a/z', ''],
  ]);
  expect(differences(before, after)).toEqual([
    'Deployment a/x: "replicas": 1 became "replicas": 2',
    'ConfigMap a/y is missing',
    'ConfigMap a/z is too many',
  ]);
});
