import type { CronJob, Deployment, Job } from '../../kubernetes/objects.ts';
import { containerName, type PodSpec, type PodTemplateSpec } from '../../operator/build/pod.ts';
import { labels } from '../../operator/names.ts';

/** What the Job of a verb needs of the pipeline: the store's URI alone, or everything that a worker has. */
export type Needs =
  | { readonly kind: 'store'; readonly secret: { readonly name: string; readonly key: string } }
  | { readonly kind: 'worker' };

export interface ToolJobInput {
  readonly name: string;
  readonly namespace: string;
  readonly pipeline: string;
  /** First word of `args`, for a label. */
  readonly args: readonly [string, ...string[]];
  readonly needs: Needs;
}

/** Who made it; the operator looks at children of its own alone. */
export const toolManager = 'kubectl-mailmill';
/** Seconds that a Job may run, and that it is kept when nobody could delete it. */
const deadlineSeconds = { store: 600, worker: 3_600 };
const keepSeconds = 300;

/** The pod template that a workload of ours runs now: image, security and placement of the last good revision. */
export const templateOf = (workload: Deployment | CronJob): PodTemplateSpec | undefined =>
  workload.kind === 'CronJob'
    ? (workload as CronJob).spec?.jobTemplate.spec?.template
    : (workload as Deployment).spec?.template;

/** Environment of a worker that has nothing to do with serving. */
const kept = (name: string) => name === 'MAILMILL_SECRETS';

function podSpec(worker: PodSpec, { args, needs }: ToolJobInput): PodSpec {
  const container = worker.containers.find(({ name }) => name === containerName) ?? worker.containers[0]!;
  const { image, imagePullPolicy, resources, securityContext } = container;
  const all = needs.kind === 'worker';
  const store = needs.kind === 'store' ? needs.secret : undefined;
  return {
    ...worker,
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    containers: [
      {
        ...{ name: containerName, image, imagePullPolicy, resources, securityContext },
        args: [...args],
        env: store
          ? [{ name: 'MAILMILL_STORE_URI', valueFrom: { secretKeyRef: store } }]
          : (container.env ?? []).filter(({ name }) => kept(name)),
        volumeMounts: (container.volumeMounts ?? []).filter(({ name }) => all || name === 'tmp'),
      },
    ],
    volumes: (worker.volumes ?? []).filter(({ name }) => all || name === 'tmp'),
  };
}

/**
 * A Job that runs one command in a pod like the pipeline's workers: restricted, without a token, with the store's Secret or all that its
 * workers mount. Nobody owns it; it ends by itself.
 */
export function toolJob(input: ToolJobInput, template: PodTemplateSpec): Job | undefined {
  const { name, namespace, pipeline, args, needs } = input;
  if (template.spec === undefined || template.spec.containers.length === 0) return undefined;
  const own = { [labels.pipeline]: pipeline, 'mailmill.io/tool': args[0] };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels: { [labels.managedBy]: toolManager, ...own } },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: deadlineSeconds[needs.kind],
      ttlSecondsAfterFinished: keepSeconds,
      template: {
        // With the labels of the workers but for their role: NetworkPolicies let it through, no Service or Deployment takes it.
        metadata: { labels: { ...template.metadata?.labels, ...own, [labels.role]: 'tool' } },
        spec: podSpec(template.spec, input),
      },
    },
  };
}
