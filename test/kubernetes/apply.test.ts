import { expect, test } from 'vitest';
import { appliedAnnotation, applyObject } from '../../src/kubernetes/apply.ts';
import type { KubernetesClient } from '../../src/kubernetes/client-api.ts';
import { controllerReference, type Deployment, deployments, type Live } from '../../src/kubernetes/objects.ts';

const signal = new AbortController().signal;
const parent = {
  ...{ apiVersion: 'mailmill.io/v1alpha1', kind: 'EmailPipeline' },
  metadata: { name: 'orders', namespace: 'n', uid: 'u', resourceVersion: '1' },
};

/** As an API server that knows what was applied before: what is not desired any more goes. */
const client = {
  apply: async (_: unknown, object: Deployment) => ({
    ...object,
    metadata: { ...object.metadata, uid: 'd', resourceVersion: '2' },
  }),
} as unknown as KubernetesClient;

interface Change {
  readonly image?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const desired = ({ image = 'mailmill:1', nodeSelector, annotations = {} }: Change = {}): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'orders', namespace: 'n', annotations },
  spec: {
    selector: { matchLabels: { app: 'orders' } },
    template: { spec: { containers: [{ name: 'worker', image }], ...(nodeSelector && { nodeSelector }) } },
  },
});

/** What an apply of `before` leaves, and then one of `after` tells. */
async function told(before: Change, after: Change): Promise<string | undefined> {
  const made = { ...desired(before), metadata: { ...desired(before).metadata, uid: 'd', resourceVersion: '1' } };
  const live: Live<Deployment> = {
    ...made,
    metadata: {
      ...made.metadata,
      ownerReferences: [controllerReference(parent)],
      annotations: { ...made.metadata.annotations, [appliedAnnotation]: 'before' },
    },
  };
  return (await applyObject(client, deployments, desired(after), live, parent, { signal })).difference;
}

test.each<[string, Change, Change, string]>([
  [
    'another image, although a note on the object changes with it',
    { annotations: { 'mailmill.io/template': 'a' } },
    { annotations: { 'mailmill.io/template': 'b' }, image: 'mailmill:2' },
    'spec.template.spec.containers[name=worker].image: mailmill:1 → mailmill:2',
  ],
  [
    'a field that is gone, although a note says so too',
    { annotations: { 'mailmill.io/template': 'a' }, nodeSelector: { disk: 'fast' } },
    { annotations: { 'mailmill.io/template': 'b' } },
    'spec.template.spec.nodeSelector: set → absent',
  ],
  [
    'a note alone, by its name',
    { annotations: { 'mailmill.io/spec': 'a' } },
    { annotations: { 'mailmill.io/spec': 'b' } },
    'metadata.annotations.mailmill.io/spec',
  ],
  ['nothing that shows', {}, {}, 'a field is no longer desired'],
])('the first difference is %s', async (_, before, after, difference) => {
  expect(await told(before, after)).toBe(difference);
});
