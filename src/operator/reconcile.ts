import { applyObject } from '../kubernetes/apply.ts';
import type { KubernetesClient } from '../kubernetes/client-api.ts';
import type { Reconcile } from '../kubernetes/controller.ts';
import type { EventRecorder } from '../kubernetes/events.ts';
import {
  emailPipelineRuns,
  emailPipelines,
  type KubernetesObject,
  type Live,
  mailboxSources,
  networkPolicies,
} from '../kubernetes/objects.ts';
import { MailmillError } from '../telemetry/errors.ts';
import { workersNetworkPolicy } from './build/network-policy.ts';
import type { Caches } from './caches.ts';
import type { Children, Told } from './children.ts';
import type { DecidedEvent } from './conditions.ts';
import type { OperatorConfig } from './config.ts';
import { decidePipeline, type PipelineDecision } from './decide/pipeline.ts';
import { decideRun, type RunDecision } from './decide/run.ts';
import { decideSource } from './decide/source.ts';
import { labels } from './names.ts';
import type { Observer } from './observe.ts';
import type { Rollouts } from './rollouts.ts';
import type { PipelineSnapshot, RunSnapshot, SourceSnapshot } from './snapshot.ts';
import { archiverKey } from './source-workloads.ts';
import type { StatusPace } from './status-pace.ts';
import { writeStatus } from './status-writer.ts';
import type { WorkerClient } from './worker-client.ts';

export interface ReconcilersOptions {
  readonly client: KubernetesClient;
  readonly config: OperatorConfig;
  readonly caches: Caches;
  readonly observer: Observer;
  readonly children: Children;
  readonly recorder: EventRecorder;
  readonly workers: WorkerClient;
  readonly rollouts: Rollouts;
  readonly pace: StatusPace;
}

/** Observe, decide, apply, tell: one for each kind, by `namespace/name`; `namespace` by its name. */
export interface Reconcilers {
  readonly pipeline: Reconcile;
  readonly source: Reconcile;
  readonly run: Reconcile;
  readonly namespace: Reconcile;
}

export function createReconcilers(options: ReconcilersOptions): Reconcilers {
  const { client, config, caches, observer, children, recorder, workers, rollouts, pace } = options;

  const tell = (object: KubernetesObject, events: readonly DecidedEvent[]) => {
    for (const event of events) recorder.record(object, event);
  };
  /** What is made in one go is told as one event. Of another revision a workload tells the hash: `change` says what lies behind it. */
  const teller = (
    object: KubernetesObject,
    change?: string,
  ): { readonly told: Told; readonly tellCreated: () => void } => {
    const created: string[] = [];
    const record = (reason: string, note: string) =>
      recorder.record(object, { type: 'Normal', reason, action: 'Apply', note });
    return {
      told: (reason, note) => {
        if (reason === 'Created') created.push(note);
        else record(reason, change !== undefined && note.includes(labels.revision) ? `${note} (${change})` : note);
      },
      tellCreated: () => void (created.length === 0 || record('Created', `${created.join(' and ')} created`)),
    };
  };

  /** Carries a decision out; answers whether anything was written. */
  const carryOut = async (
    owner: PipelineSnapshot['pipeline'] | SourceSnapshot['source'],
    decision: Pick<PipelineDecision, 'objects' | 'patches' | 'deletions' | 'change'>,
    signal: AbortSignal,
  ) => {
    const { told, tellCreated } = teller(owner, decision.change);
    let wrote = false;
    try {
      for (const child of decision.objects) wrote = (await children.apply(owner, child, told, signal)) || wrote;
      for (const patch of decision.patches) wrote = (await children.patch(owner, patch, told, signal)) || wrote;
      for (const deletion of decision.deletions) wrote = (await children.delete(deletion, told, signal)) || wrote;
    } finally {
      // Of what is new nobody doubts that its children are new; the event of its Ready tells the rest.
      if (owner.status !== undefined) tellCreated();
    }
    return wrote;
  };

  /** With the rollouts as they are now: nothing may come between this and `begin`. */
  const observe = async (key: string, signal: AbortSignal) => {
    const observed = await observer.pipeline(key, signal);
    return observed && { ...observed, rolloutsUnderWay: rollouts.underWay(key) };
  };

  const pipeline: Reconcile = async (key, signal) => {
    const snapshot = await observe(key, signal);
    if (snapshot === undefined) {
      pace.forget(key);
      return undefined;
    }
    const first = decidePipeline(snapshot, config);
    if (first.rollout === 'Waits') rollouts.wait(key);
    const begun = first.rollout === 'Begins' ? rollouts.begin(key) : undefined;
    const { wrote, failure } = await carryOut(snapshot.pipeline, first, signal)
      .then(
        (done) => ({ wrote: done, failure: undefined }),
        (error: unknown) => ({ wrote: true, failure: { error } }),
      )
      .finally(begun);
    // What was written is seen at once: the status speaks of the state after it.
    const after = wrote ? await observe(key, signal) : snapshot;
    if (after === undefined) return undefined;
    const refusal = failure && refusalOf(failure.error);
    const decision = wrote ? decidePipeline(after, config, refusal) : first;
    const delayMs = pace.delay(key, after.pipeline.status, decision.status);
    if (delayMs === 0 && (refusal !== undefined || (failure === undefined && !decision.postponed))) {
      if (await writeStatus(client, emailPipelines, caches.pipelines, after.pipeline, decision.status, signal)) {
        pace.wrote(key);
        tell(after.pipeline, decision.events);
      }
    }
    if (failure !== undefined) throw failure.error;
    if (delayMs === 0) return { requeueAfterMs: decision.requeueAfterMs };
    return { requeueAfterMs: Math.min(delayMs, decision.requeueAfterMs ?? delayMs) };
  };

  const source: Reconcile = async (key, signal) => {
    const workload = archiverKey(key);
    const look = async () => {
      const observed = await observer.source(key, signal);
      return observed && { ...observed, rolloutsUnderWay: rollouts.underWay(workload) };
    };
    const snapshot = await look();
    if (snapshot === undefined) return undefined;
    const first = decideSource(snapshot, config);
    if (first.rollout === 'Waits') rollouts.wait(workload);
    const begun = first.rollout === 'Begins' ? rollouts.begin(workload) : undefined;
    const { wrote, failure } = await carryOut(snapshot.source, first, signal)
      .then(
        (done) => ({ wrote: done, failure: undefined }),
        (error: unknown) => ({ wrote: true, failure: { error } }),
      )
      .finally(begun);
    const after = wrote ? await look() : snapshot;
    if (after === undefined) return undefined;
    const refusal = failure && refusalOf(failure.error);
    const decision = wrote ? decideSource(after, config, refusal) : first;
    if (
      (refusal !== undefined || (failure === undefined && !decision.postponed)) &&
      (await writeStatus(client, mailboxSources, caches.sources, after.source, decision.status, signal))
    ) {
      tell(after.source, decision.events);
    }
    if (failure !== undefined) throw failure.error;
    return { requeueAfterMs: decision.requeueAfterMs };
  };

  const ask = async ({ run: of }: RunSnapshot, wanted: RunDecision['ask'], signal: AbortSignal) => {
    if (wanted === undefined) return;
    const { namespace = '' } = of.metadata;
    const address = caches.pods.reflector.cache.get({ namespace, name: wanted.pod })?.status?.podIP;
    if (address === undefined) return;
    await workers.run(address, config.keys.token(namespace, of.spec.pipeline.name), wanted, signal);
  };

  const run: Reconcile = async (key, signal) => {
    const snapshot = await observer.run(key, signal);
    if (snapshot === undefined) return undefined;
    const decision = decideRun(snapshot, config);
    const { told, tellCreated } = teller(snapshot.run);
    if (decision.job !== undefined) await children.start(snapshot.run, decision.job, told, signal);
    tellCreated();
    if (decision.status === undefined) return undefined;
    if (await writeStatus(client, emailPipelineRuns, caches.runs, snapshot.run, decision.status, signal)) {
      tell(snapshot.run, decision.events);
    }
    await ask(snapshot, decision.ask, signal);
    return { requeueAfterMs: decision.requeueAfterMs };
  };

  const namespace: Reconcile = async (name, signal) => {
    const owners = ownersIn(caches, name);
    // Without an owner the garbage collector takes it.
    if (owners.length === 0) return undefined;
    const desired = workersNetworkPolicy(name, config);
    const { objects } = caches.networkPolicies;
    const wrote = objects.begin(desired.metadata);
    const applied = await applyObject(client, networkPolicies, desired, objects.get(desired.metadata), owners, {
      signal,
    });
    wrote(applied.object);
    return undefined;
  };

  return { pipeline, source, run, namespace };
}

/** Whose workers a namespace has: pipelines, and sources with an archive. */
const ownersIn = ({ pipelines, sources }: Caches, namespace: string): readonly Live<KubernetesObject>[] =>
  [
    ...pipelines.reflector.cache.inNamespace(namespace),
    ...sources.reflector.cache.inNamespace(namespace).filter(({ spec }) => spec.archive !== undefined),
  ]
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));

/** What a person must act on is told in the conditions; what is tried again is not. */
const refusalOf = (error: unknown) =>
  error instanceof MailmillError && error.family === 'Stalled'
    ? { code: error.code, message: error.message }
    : undefined;
