import { describe, expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { resolvePipeline } from '../../src/api/resolve.ts';
import type { EmailPipeline } from '../../src/api/resources.ts';
import { validateObjects } from '../../src/api/validate.ts';
import { webhooks } from './corpus-webhook.ts';

const issuesOf = (name: string): readonly string[] => {
  const found = webhooks.find((each) => each.name === `webhook ${name}`);
  if (!found) throw new Error(`no case ${name}`);
  const { issues } = validateObjects(loadText('pipeline.yaml', found.yaml).objects);
  return issues.filter(({ level }) => level !== 'note').map(({ path, message }) => `${path}: ${message}`);
};

describe('the API server would take a sink', () => {
  test.each([
    'everything',
    'least',
    'on loopback',
    'on loopback by name',
    'on loopback in IPv6',
    'in the cluster',
    'in the cluster by its whole name',
    'plain http that is allowed',
    'told of changes',
    'told of changes in the usual mode',
    'one URL twice',
    'beside a table',
  ])('%s', (name) => {
    expect(issuesOf(name)).toEqual([]);
  });
});

describe('and would refuse one', () => {
  const clear = 'spec.sinks[0].webhook.url: must begin with https://';
  test.each([
    ['plain http', clear],
    ['plain http that looks near', clear],
    ['plain http that ends near', clear],
    ['plain http to a service of others', clear],
    ['a login in the URL', 'spec.sinks[0].webhook.url'],
    ['told of changes as mail', 'spec.sinks[0].webhook.changes: changes need mode Json'],
    ['told of no change', 'spec.sinks[0].webhook.changes'],
    ['told of another change', 'spec.sinks[0].webhook.changes'],
    ['told of one change twice', 'spec.sinks[0].webhook.changes'],
    ['two kinds', 'spec.sinks[0]: exactly one of postgres and webhook must be set'],
    ['retry of a table', 'spec.sinks[0]: retry and queue are for sinks with a queue'],
    ['queue of a table', 'spec.sinks[0]: retry and queue are for sinks with a queue'],
    ['beside one table twice', 'spec.sinks: two sinks write to the same table'],
  ])('%s', (name, message) => {
    expect(issuesOf(name)).toEqual([expect.stringContaining(message)]);
  });
});

test('a webhook has defaults, retry and queue among them; a table has neither', () => {
  const pipeline: EmailPipeline = JSON.parse(`{
    "apiVersion": "mailmill.io/v1alpha1", "kind": "EmailPipeline", "metadata": {"name": "hooks"},
    "spec": {"source": {"name": "support"}, "sinks": [
      {"name": "hook", "webhook": {"url": "https://example.com", "auth": {"type": "Bearer", "secretRef": {"name": "hook"}}}, "retry": {"attempts": 3}},
      {"name": "w", "postgres": {"secretRef": {"name": "db"}, "table": "t"}}]}
  }`);
  expect(resolvePipeline(pipeline).spec.sinks).toEqual([
    {
      name: 'hook',
      webhook: {
        url: 'https://example.com',
        mode: 'Json',
        auth: { type: 'Bearer', secretRef: { name: 'hook', key: 'token' } },
        tls: {},
        allowHttp: false,
        timeout: '30s',
        concurrency: 8,
      },
      retry: { attempts: 3, backoff: '5s', maxBackoff: '10m' },
      queue: { deliveries: 100_000, size: '4Gi' },
    },
    { name: 'w', postgres: { secretRef: { name: 'db', key: 'uri' }, schema: 'public', table: 't', mode: 'Upsert' } },
  ]);
});
