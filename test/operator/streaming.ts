import { expect } from 'vitest';
import type { Condition } from '../../src/api/conditions.ts';
import { decidePipeline, type PipelineDecision } from '../../src/operator/decide/pipeline.ts';
import type { PipelineSnapshot } from '../../src/operator/snapshot.ts';
import {
  at,
  brief,
  compiled,
  config,
  liveConfigMap,
  liveDeployment,
  messageOf,
  pod,
  snapshot,
  worker,
  workerStatus,
} from './fixtures.ts';

export const revision = compiled();

/** A streaming pipeline that is rolled out and well; `change` says what is different. */
export const running = (change: Partial<PipelineSnapshot> = {}): Partial<PipelineSnapshot> => ({
  deployment: liveDeployment(revision),
  applied: revision,
  configMaps: [liveConfigMap(revision)],
  pods: [pod('orders-1', { ready: true })],
  workers: [worker('orders-1', workerStatus(revision))],
  ...change,
});

export const decide = (change: Partial<PipelineSnapshot> = {}): PipelineDecision =>
  decidePipeline(snapshot(change), config);

export const settled = ['Reconciling=False/Settled', 'Stalled=False/NotStalled'];
export const found = ['Valid=True/Valid', 'CredentialsResolved=True/Resolved'];
export const well = ['Connected=True/Connected', 'Flowing=True/Flowing', 'Delivering=True/Delivering'];
export const noWorker = ['Connected=Unknown/NoWorker', 'Flowing=Unknown/NoWorker', 'Delivering=Unknown/NoWorker'];
/** The status that a Ready of this reason left. */
export const ready = (reason: string, generation = 1, secondsAgo = 3600) => ({
  observedGeneration: generation,
  revision: revision.hash,
  lastGoodRevision: revision.hash,
  lastGoodGeneration: generation,
  conditions: [
    {
      type: 'Ready',
      status: 'True' as const,
      reason,
      message: 'it was',
      lastTransitionTime: at(secondsAgo),
      observedGeneration: generation,
    },
  ],
});

export const alone = 'SharedWithoutArchive=False/NotShared';

/** A line of a table: what is there, and the whole list of conditions that follows from it. */
export interface Case {
  readonly name: string;
  readonly given: Partial<PipelineSnapshot>;
  readonly conditions: readonly string[];
  readonly says?: Readonly<Record<string, string | RegExp>>;
  readonly applies?: readonly string[];
}

/**
 * What kstatus asks of conditions: something is under way, or a person must act, never both; and what is not Ready says which of the two, or it
 * would count as under way for ever.
 */
function expectKstatus(conditions: readonly Condition[] | undefined): void {
  const held = (type: string) => conditions?.find((condition) => condition.type === type)?.status === 'True';
  expect(held('Reconciling') && held('Stalled')).toBe(false);
  expect(held('Ready') || held('Reconciling') || held('Stalled')).toBe(true);
}

/** Decides about a case and compares everything that it tells of. */
export function expectCase({ given, conditions, says = {}, applies }: Case): PipelineDecision {
  const decision = decide(given);
  expect(brief(decision.status.conditions)).toEqual(conditions);
  expectKstatus(decision.status.conditions);
  for (const [type, message] of Object.entries(says)) {
    const told = messageOf(decision.status.conditions, type);
    if (typeof message === 'string') expect(told).toBe(message);
    else expect(told).toMatch(message);
  }
  if (applies !== undefined) {
    expect(decision.objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(applies);
  }
  expect(decision.status.observedGeneration).toBe(given.pipeline?.metadata.generation ?? 1);
  return decision;
}
