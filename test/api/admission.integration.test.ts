import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { type Kind, type MailmillResource, resources } from '../../src/api/resources.ts';
import { validateObject } from '../../src/api/validate.ts';
import { type ControlPlane, startControlPlane } from '../support/control-plane/control-plane.ts';
import { base, corpus } from './corpus.ts';

let server: ControlPlane;

const pathOf = (kind: Kind) => `/apis/mailmill.io/v1alpha1/namespaces/default/${resources[kind].plural}`;
const dryRun = '?dryRun=All&fieldValidation=Strict';

beforeAll(async () => {
  server = await startControlPlane();
  await server.installCrds();
});
afterAll(() => server?.stop());

/** What we say about a text that holds one resource: the reasons to refuse it, as the API server would. */
function offline(yaml: string): readonly string[] {
  const { objects, issues } = loadText('case.yaml', yaml);
  const found = [...issues, ...objects.flatMap(({ value }) => validateObject(value))];
  return found.filter((issue) => issue.level === 'admission').map((issue) => `${issue.path}: ${issue.message}`);
}

const kindOf = (yaml: string): Kind => {
  const kind = Object.values(resources).find((definition) => yaml.includes(`\nkind: ${definition.kind}\n`))?.kind;
  if (kind === undefined) throw new Error('a case without one of our kinds');
  return kind;
};

describe('offline validation says what the API server says', () => {
  test.each(corpus)('$name', async ({ yaml }) => {
    const answer = await server.call('POST', pathOf(kindOf(yaml)) + dryRun, yaml);
    const refused = answer.status >= 400 ? String(answer.body.message) : 'accepted';
    expect([201, 400, 422]).toContain(answer.status);
    const reasons = offline(yaml);
    expect(reasons.length > 0 ? 'refused' : 'accepted', `server: ${refused}\noffline: ${reasons.join('\n')}`).toBe(
      refused === 'accepted' ? 'accepted' : 'refused',
    );
  });

  test('the corpus has enough on both sides', () => {
    const accepted = corpus.filter(({ yaml }) => offline(yaml).length === 0).length;
    expect(accepted).toBeGreaterThan(30);
    expect(corpus.length - accepted).toBeGreaterThan(60);
  });

  test('a run is immutable', async () => {
    const path = pathOf('EmailPipelineRun');
    const made = await server.call('POST', path, base.run);
    expect(made.status).toBe(201);
    const old: MailmillResource = made.body;
    for (const [change, status] of [
      [{ metadata: { ...made.body.metadata, labels: { seen: 'true' } } }, 200],
      [{ spec: { pipeline: { name: 'another' } } }, 422],
    ] as const) {
      const next = { ...made.body, ...change };
      const answer = await server.call('PUT', `${path}/orders-now${dryRun}`, next);
      expect(answer.status).toBe(status);
      const { resourceVersion: _, ...metadata } = next.metadata;
      const issues = validateObject({ ...next, metadata }, old);
      expect(issues.map((issue) => issue.message)).toEqual(
        status === 200 ? [] : ['a run is immutable; make a new one under another name'],
      );
    }
  });
});

test('kubectl scale sets spec.replicas, and only of a streaming pipeline', async () => {
  const path = pathOf('EmailPipeline');
  expect((await server.call('POST', path, base.pipeline)).status).toBe(201);
  expect((await server.call('POST', path, base.scheduled)).status).toBe(201);
  const scale = (name: string) =>
    server.call('PATCH', `${path}/${name}/scale`, { spec: { replicas: 2 } }, 'application/merge-patch+json');
  expect((await scale('orders')).body.spec.replicas).toBe(2);
  expect((await server.call('GET', `${path}/orders`)).body.spec.replicas).toBe(2);
  expect((await scale('nightly')).body.message).toContain('replicas are for streaming pipelines');
});

test('a status as the operator writes it is accepted', async () => {
  const path = `${pathOf('EmailPipelineRun')}/orders-now/status?fieldValidation=Strict`;
  const status = {
    observedGeneration: 1,
    state: 'Failed',
    startedAt: '2026-11-21T06:00:00Z',
    read: 3,
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'Failed',
        message: 'why',
        lastTransitionTime: '2026-11-21T06:00:00Z',
        observedGeneration: 1,
      },
    ],
  };
  const answer = await server.call('PATCH', path, { status }, 'application/merge-patch+json');
  expect(answer.body.status).toEqual(status);
});
