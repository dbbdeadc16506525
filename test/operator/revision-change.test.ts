import { expect, test } from 'vitest';
import { decidePipeline } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import { compiled, config, imapSpec, liveDeployment, pipeline, snapshot, source } from './fixtures.ts';

const steps = [{ name: 'wanted', filter: 'from.address == "ann@example.org"' }];
const sinks = [{ name: 'warehouse', postgres: { secretRef: { name: 'analytics-db' }, table: 'other' } }];
const was = compiled(pipeline({ steps }));

test.each<[string, Partial<PipelineSnapshot>, string | undefined]>([
  ['nothing', { pipeline: pipeline({ steps }) }, undefined],
  [
    'an expression, without what is in it',
    { pipeline: pipeline({ steps: [{ name: 'wanted', filter: 'size > 1' }] }) },
    'steps[0].filter',
  ],
  ['a step that is gone', { pipeline: pipeline() }, 'steps'],
  ['a table', { pipeline: pipeline({ steps, sinks }) }, 'sinks[0].postgres.table'],
  ['what the pipeline keeps', { pipeline: pipeline({ steps, retention: '30d' }) }, 'retention'],
  [
    'the source',
    { pipeline: pipeline({ steps }), source: source({ imap: { ...imapSpec.imap!, port: 143 } }) },
    'MailboxSource support: imap.port',
  ],
])('what another revision comes from: %s', (_, given, change) => {
  const running = { deployment: liveDeployment(was), applied: was };
  expect(decidePipeline(snapshot({ ...running, ...given }), config).change).toBe(change);
});

test('a first revision comes from nothing', () => {
  expect(decidePipeline(snapshot({ pipeline: pipeline({ steps }) }), config).change).toBeUndefined();
});
