import type { Deployment, PodDisruptionBudget } from '../../kubernetes/objects.ts';
import { canonicalJson } from '../../pipeline/revision/canonical-json.ts';
import type { Revision } from '../../pipeline/revision/revision.ts';
import type { DecisionConfig } from '../config.ts';
import { annotations, childLabels, shortHash, workerSelector } from '../names.ts';
import { type PodInput, podTemplate, withoutSecrets } from './pod.ts';

export interface DeploymentInput extends Pick<PodInput, 'revision' | 'template' | 'secretsHash'> {
  readonly replicas: number;
}

/**
 * Workers of a streaming pipeline. A new revision gets one pod beside the old ones, and only when it is ready does an
 * old one go: a wrong change never stops the mail.
 */
export function deployment(input: DeploymentInput, config: DecisionConfig): Deployment {
  const { namespace, pipeline } = input.revision;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: pipeline,
      namespace,
      labels: childLabels(pipeline),
      annotations: {},
    },
    spec: {
      replicas: input.replicas,
      revisionHistoryLimit: 3,
      progressDeadlineSeconds: Math.ceil(config.rolloutDeadlineMs / 1000),
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      selector: { matchLabels: workerSelector(pipeline) },
      template: podTemplate({ ...input, role: 'stream' }, config),
    },
  };
}

const named = new WeakMap<Deployment, { readonly lastGood: string; readonly workload: Deployment }>();

/** The same, naming the newest revision that became ready; of the same workload the same object. */
export function withLastGood(workload: Deployment, lastGood: string | undefined): Deployment {
  if (lastGood === undefined) return workload;
  const known = named.get(workload);
  if (known?.lastGood === lastGood) return known.workload;
  const own = { ...workload.metadata.annotations, [annotations.lastGood]: lastGood };
  const made = { ...workload, metadata: { ...workload.metadata, annotations: own } };
  named.set(workload, { lastGood, workload: made });
  return made;
}

/**
 * The same, saying of which spec of its owner it was made, and of which pod template: what another image or source would change tells itself
 * apart from an edit. Secrets are no part of either.
 */
export function withOrigin(workload: Deployment, specHash: string): Deployment {
  const template = shortHash(canonicalJson(withoutSecrets(workload.spec?.template ?? {})));
  const own = { ...workload.metadata.annotations, [annotations.spec]: specHash, [annotations.template]: template };
  return { ...workload, metadata: { ...workload.metadata, annotations: own } };
}

interface Made {
  readonly of: readonly unknown[];
  readonly workload: Deployment;
}

// A pipeline is looked at again whenever something of it changes, which is seldom what its Deployment is made of.
const made = new WeakMap<Revision, Made>();

/** Both of the above: of the same things the same object, so that what it was compared with needs no second comparison. */
export function originalDeployment(input: DeploymentInput, specHash: string, config: DecisionConfig): Deployment {
  const { revision, template, secretsHash, replicas } = input;
  const of = [template, secretsHash, replicas, specHash, config];
  const known = made.get(revision);
  if (known?.of.every((each, at) => each === of[at])) return known.workload;
  const workload = withOrigin(deployment({ revision, template, secretsHash, replicas }, config), specHash);
  made.set(revision, { of, workload });
  return workload;
}

/** Lets a drain take one worker at a time; for two or more. */
export function podDisruptionBudget(namespace: string, pipeline: string): PodDisruptionBudget {
  return {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { name: pipeline, namespace, labels: childLabels(pipeline) },
    spec: { maxUnavailable: 1, selector: { matchLabels: workerSelector(pipeline) } },
  };
}
