import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { healthBy } from './argocd.ts';

const configMap = new URL('../../manifests/argocd/argocd-cm.yaml', import.meta.url).pathname;
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'mailmill-health-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const kinds = ['EmailPipeline', 'MailboxSource', 'EmailPipelineRun'] as const;
const condition = (type: string, status: string, message: string) => ({ type, status, message, reason: 'Because' });
const ready = condition('Ready', 'True', 'revision 1 runs');
const rolling = condition('Ready', 'False', 'not ready yet: pulling');
const stalled = condition('Stalled', 'True', 'IMAP_AUTH_REJECTED: correct the Secret');
const seen = (conditions: readonly object[], more: object = {}) => ({ observedGeneration: 2, conditions, ...more });

/** Every row of the mapping in the order in which the first match counts. */
const cases: readonly {
  readonly name: string;
  readonly kind: (typeof kinds)[number];
  readonly spec?: object;
  readonly status?: object;
  readonly health: string;
  readonly says?: string;
}[] = [
  ...kinds.flatMap((kind) => [
    { name: 'new', kind, health: 'Progressing' },
    { name: 'ready', kind, status: seen([ready], { state: 'Succeeded' }), health: 'Healthy', says: 'revision 1 runs' },
    { name: 'rolling out', kind, status: seen([rolling]), health: 'Progressing', says: rolling.message },
    { name: 'stalled', kind, status: seen([rolling, stalled]), health: 'Degraded', says: stalled.message },
    {
      name: 'stalled while Ready',
      kind,
      status: seen([ready, stalled]),
      health: 'Degraded',
      says: stalled.message,
    },
  ]),
  {
    name: 'an older generation',
    kind: 'EmailPipeline',
    status: { observedGeneration: 1, conditions: [ready] },
    health: 'Progressing',
  },
  {
    name: 'suspended, whatever else',
    kind: 'EmailPipeline',
    spec: { suspend: true },
    status: seen([rolling, stalled]),
    health: 'Healthy',
    says: 'suspended: no worker runs, and the state is kept',
  },
  {
    name: 'a run that runs keeps no commit waiting',
    kind: 'EmailPipelineRun',
    status: seen([rolling], { state: 'Running' }),
    health: 'Healthy',
    says: 'running: not ready yet: pulling',
  },
  {
    name: 'nor does one that waits for it',
    kind: 'EmailPipelineRun',
    status: seen([{ ...rolling, reason: 'WaitsForRun' }], { state: 'Pending' }),
    health: 'Healthy',
    says: 'waiting: not ready yet: pulling',
  },
];

test.each(cases.map((each) => [`${each.kind}, ${each.name}`, each] as const))('%s', async (_, each) => {
  const file = join(directory, 'object.yaml');
  const { kind, spec = {}, status } = each;
  const metadata = { name: 'orders', namespace: 'mail-a', generation: 2 };
  writeFileSync(
    file,
    dump({ apiVersion: 'mailmill.io/v1alpha1', kind, metadata, spec, ...(status === undefined ? {} : { status }) }),
  );
  const health = await healthBy(configMap, file);
  expect(health.status).toBe(each.health);
  if (each.says !== undefined) expect(health.message).toBe(each.says);
});
