import type { Clock } from '../kubernetes/clock.ts';
import {
  controllerOf,
  type EmailPipeline,
  type KubernetesObject,
  keyOf,
  type Live,
  nameOf,
  type Pod,
} from '../kubernetes/objects.ts';
import { collectorSecrets } from '../pipeline/collector/revision.ts';
import { referencedSecrets } from '../pipeline/revision/compile.ts';
import type { Revision } from '../pipeline/revision/revision.ts';
import { sourceSecrets, uniqueKeys } from '../pipeline/revision/source-secrets.ts';
import { waiting } from '../telemetry/errors.ts';
import { revisionOf } from './build/config-map.ts';
import { byPipeline, bySource, type Caches } from './caches.ts';
import type { Collectors } from './collectors.ts';
import type { Compiler } from './compiler.ts';
import { defaultPollMs, isScheduled, lastGoodOf, pollMsOf, revisionLabel } from './decide/decision.ts';
import { isOver, isWorker } from './decide/run.ts';
import { assess, workerTrouble } from './health.ts';
import { configMapName, reconcileName, runJobName, runSpecHash, specHashOf } from './names.ts';
import { createSecretUsers } from './secret-users.ts';
import type { SecretReader } from './secrets.ts';
import type { CollectorSnapshot, Compilation, PipelineSnapshot, RunSnapshot, SourceSnapshot } from './snapshot.ts';
import { archiverKey, archiverOf, compiledArchiver, compiledCollector, ownedChildren } from './source-workloads.ts';
import type { StatusPoller } from './status-poller.ts';
import { isOthers, ofPipeline, ofSource, takenNames } from './taken-names.ts';

export interface ObserverOptions {
  readonly caches: Caches;
  readonly secrets: SecretReader;
  readonly poller: StatusPoller;
  readonly compiler: Compiler;
  readonly collectors: Collectors;
  readonly clock: Clock;
}

/** Reads the caches into one snapshot. `undefined`: the object is gone, or going. Throws KubernetesError. */
export interface Observer {
  pipeline(key: string, signal: AbortSignal): Promise<Omit<PipelineSnapshot, 'rolloutsUnderWay'> | undefined>;
  run(key: string, signal: AbortSignal): Promise<RunSnapshot | undefined>;
  source(key: string, signal: AbortSignal): Promise<SourceSnapshot | undefined>;
  /** What the workers of a pipeline say, as far as decisions look at it: another text, another decision. */
  digest(key: string): string;
  /** Pipelines and sources of a namespace that need this Secret, as of their last snapshot; without a name: any. */
  dependents(
    namespace: string,
    secret: string | undefined,
  ): { readonly pipelines: string[]; readonly sources: string[] };
}

export function createObserver({ caches, secrets, poller, compiler, collectors, clock }: ObserverOptions): Observer {
  const users = createSecretUsers((namespace) => secrets.leave(namespace));

  const readersOf = (namespace: string, source: string) =>
    caches.pipelines.reflector.cache
      .byIndex(bySource, `${namespace}/${source}`)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .map(({ metadata }) => metadata.name)
      .sort();

  const compile = (pipeline: Live<EmailPipeline>): Compilation => {
    const { namespace = '' } = pipeline.metadata;
    const source = caches.sources.objects.get({ namespace, name: pipeline.spec.source.name });
    const names = () => caches.sources.reflector.cache.inNamespace(namespace).map(({ metadata }) => metadata.name);
    return compiler.compile(pipeline, source, names);
  };

  const revisionNamed = (namespace: string, pipeline: string, hash: string | undefined): Revision | undefined =>
    hash === undefined
      ? undefined
      : revisionOf(caches.configMaps.objects.get({ namespace, name: configMapName(pipeline, hash) }));

  /** A workload with what belongs to it: a pipeline's, or that of the archive of a source, which has a pipeline of its own making. */
  const workloadOf = async (
    pipeline: Live<EmailPipeline>,
    specHash: string,
    compilation: Compilation,
    need: (secrets: Set<string>) => void,
    signal: AbortSignal,
  ): Promise<Omit<PipelineSnapshot, 'rolloutsUnderWay'>> => {
    const { namespace = '', name } = pipeline.metadata;
    const key = keyOf(pipeline.metadata);
    // Another resource may have a child of this name, or children of this label.
    const its = <T extends KubernetesObject>(object: T | undefined) =>
      object && !isOthers(object, pipeline.metadata.uid) ? present(object) : undefined;
    const allIts = <T extends KubernetesObject>(objects: readonly T[]) =>
      living(objects).filter((object) => !isOthers(object, pipeline.metadata.uid));
    const deployment = its(caches.deployments.objects.get({ namespace, name }));
    const cronJob = its(caches.cronJobs.objects.get({ namespace, name }));
    const running = deployment?.spec?.template ?? cronJob?.spec?.jobTemplate.spec?.template;
    // Without a workload: what ran before somebody deleted it.
    const hash = running === undefined ? pipeline.status?.lastGoodRevision : revisionLabel(running);
    // Nearly always the same: read once less, kept once less.
    const compiled = compilation.kind === 'Compiled' ? compilation.revision : undefined;
    const applied =
      hash !== undefined &&
      compiled?.hash === hash &&
      caches.configMaps.objects.get({ namespace, name: configMapName(name, hash) })
        ? compiled
        : revisionNamed(namespace, name, hash);
    const names = new Set(
      [
        ...(compilation.kind === 'Compiled' ? compilation.secrets : []),
        ...(applied === undefined ? [] : referencedSecrets(applied)),
      ].map((secret) => secret.name),
    );
    need(names);
    const states = await secrets.read(namespace, names, signal);
    const pods = caches.pods.reflector.cache.byIndex(byPipeline, key);
    return {
      now: clock.now(),
      pipeline,
      specHash,
      source: caches.sources.objects.get({ namespace, name: pipeline.spec.source.name }),
      compilation,
      applied,
      secrets: states,
      readers: readersOf(namespace, pipeline.spec.source.name),
      configMaps: allIts(caches.configMaps.objects.byIndex(byPipeline, key)),
      deployment,
      cronJob,
      reconciler: its(caches.cronJobs.objects.get({ namespace, name: reconcileName(name) })),
      podDisruptionBudget: its(caches.podDisruptionBudgets.objects.get({ namespace, name })),
      jobs: allIts(caches.jobs.objects.byIndex(byPipeline, key)),
      pods,
      workers: poller.observations(pods.filter(isWorker)),
    };
  };

  const present = <T extends { readonly metadata: { readonly deletionTimestamp?: string } }>(object: T | undefined) =>
    object?.metadata.deletionTimestamp === undefined ? object : undefined;

  return {
    pipeline: async (key, signal) => {
      const name = nameOf(key);
      const pipeline = present(caches.pipelines.objects.get(name));
      if (pipeline === undefined) {
        users.gone('pipeline', key);
        return undefined;
      }
      expectNoPredecessor(pipeline, [
        ...caches.deployments.objects.byIndex(byPipeline, key),
        ...caches.cronJobs.objects.byIndex(byPipeline, key),
        ...caches.configMaps.objects.byIndex(byPipeline, key),
      ]);
      const need = (names: Set<string>) => users.need('pipeline', key, names);
      const taken = takenNames(caches, ofPipeline(pipeline));
      const compilation: Compilation = taken.length > 0 ? { kind: 'Invalid', issues: taken } : compile(pipeline);
      return workloadOf(pipeline, specHashOf(pipeline.spec), compilation, need, signal);
    },
    run: async (key, signal) => {
      const name = nameOf(key);
      const { namespace = '' } = name;
      const run = present(caches.runs.objects.get(name));
      if (run === undefined) return undefined;
      const of = { namespace, name: run.spec.pipeline.name };
      const pipeline = present(caches.pipelines.objects.get(of));
      const deployment = caches.deployments.objects.get(of);
      const cronJob = caches.cronJobs.objects.get(of);
      const good = pipeline && lastGoodOf({ pipeline, deployment, cronJob });
      const job = caches.jobs.objects.get({
        namespace,
        name: runJobName(of.name, name.name, runSpecHash(run.spec)),
      });
      const pods = caches.pods.reflector.cache.byIndex(byPipeline, keyOf(of));
      const others = caches.runs.reflector.cache
        .byIndex(byPipeline, keyOf(of))
        .filter(
          ({ metadata, status }) =>
            metadata.uid !== run.metadata.uid && metadata.deletionTimestamp === undefined && !isOver(status),
        );
      const revision = revisionNamed(namespace, of.name, good);
      // Of one that has begun, or is over, nobody looks at them.
      const names =
        revision === undefined || job !== undefined || isOver(run.status) ? [] : referencedSecrets(revision);
      const ofJob = (pod: Pod) => job !== undefined && ownedBy(pod, job.metadata.uid);
      return {
        now: clock.now(),
        run,
        others,
        pipeline,
        lastGood: revision,
        secrets: await secrets.read(
          namespace,
          names.map((secret) => secret.name),
          signal,
        ),
        job,
        pods: pods.filter(ofJob),
        jobWorkers: poller.observations(pods.filter(ofJob)),
        workers: pipeline === undefined || isScheduled(pipeline) ? [] : poller.observations(pods.filter(isWorker)),
      };
    },
    source: async (key, signal) => {
      const name = nameOf(key);
      const { namespace = '' } = name;
      const source = present(caches.sources.objects.get(name));
      if (source === undefined) {
        users.gone('source', key);
        return undefined;
      }
      const issues = [...compiler.checkSource(source), ...takenNames(caches, ofSource(source))];
      const revision = issues.length > 0 ? undefined : compiledCollector(source);
      const own = issues.length > 0 ? [] : sourceSecrets(source.spec);
      const secretKeys = uniqueKeys([...own, ...(revision === undefined ? [] : collectorSecrets(revision))]);
      const names = new Set(secretKeys.map((secret) => secret.name));
      const need = (more: ReadonlySet<string>) => users.need('source', key, new Set([...names, ...more]));
      need(new Set());
      const archiver =
        source.spec.archive === undefined
          ? undefined
          : await workloadOf(
              archiverOf(source),
              specHashOf(source.spec),
              compiledArchiver(source, issues),
              need,
              signal,
            );
      const left = archiver === undefined ? ownedChildren(caches, archiverKey(key), source.metadata.uid) : [];
      const states = await secrets.read(namespace, names, signal);
      const pods = caches.pods.reflector.cache.byIndex(bySource, key);
      const configMaps = living(caches.configMaps.objects.byIndex(bySource, key));
      const collector: CollectorSnapshot = {
        ...(revision && { revision }),
        deployment: living(caches.deployments.objects.byIndex(bySource, key))[0],
        configMaps,
        existing: [
          ...living(caches.deployments.objects.byIndex(bySource, key)),
          ...living(caches.services.objects.byIndex(bySource, key)),
          ...living(caches.networkPolicies.objects.byIndex(bySource, key)),
          ...living(caches.podDisruptionBudgets.objects.byIndex(bySource, key)),
          ...configMaps,
          ...left,
        ],
        pods,
        workers: await collectors.ask({ namespace, source: name.name }, pods, signal),
      };
      return {
        now: clock.now(),
        source,
        issues,
        secretKeys,
        secrets: states,
        readers: readersOf(namespace, name.name),
        collector,
        ...(archiver && { archiver }),
      };
    },
    digest: (key) => {
      const pipeline = present(caches.pipelines.objects.get(nameOf(key)));
      const workers = poller.observations(caches.pods.reflector.cache.byIndex(byPipeline, key).filter(isWorker));
      const { connected, flowing, delivering, stalled } = assess(
        workers,
        pipeline === undefined ? defaultPollMs : pollMsOf(compile(pipeline), undefined),
        clock.now(),
      );
      const each = workers.map(({ pod, status, unasked }) => [
        pod,
        unasked,
        status?.ready,
        status && workerTrouble(status),
        status?.runs.map(({ name, specHash, state }) => [name, specHash, state]),
        status?.sources?.map(({ source, accounts }) => [source, accounts]),
      ]);
      return JSON.stringify([connected, flowing, delivering, stalled, each]);
    },
    dependents: (namespace, secret) => ({
      pipelines: users.of('pipeline', namespace, secret),
      sources: users.of('source', namespace, secret),
    }),
  };
}

const living = <T extends { readonly metadata: { readonly deletionTimestamp?: string } }>(objects: readonly T[]) =>
  objects.filter((object) => object.metadata.deletionTimestamp === undefined);

/** Throws Waiting `PREDECESSOR_LEAVING` while children of a deleted pipeline of the same name are still there. */
function expectNoPredecessor({ kind, metadata }: Live<EmailPipeline>, children: readonly KubernetesObject[]): void {
  const left = children.find((child) => {
    const owner = controllerOf(child);
    return owner?.kind === kind && owner.name === metadata.name && owner.uid !== metadata.uid;
  });
  if (left === undefined) return;
  const what = `${left.kind} ${left.metadata.name} belongs to a deleted pipeline of this name and is about to go`;
  throw waiting('PREDECESSOR_LEAVING', what, { retryAfterMs: leavingMs });
}

const leavingMs = 500;

const ownedBy = (pod: Pod, uid: string) =>
  pod.metadata.ownerReferences?.some((reference) => reference.uid === uid) ?? false;
