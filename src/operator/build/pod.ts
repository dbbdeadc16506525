import type { EmailPipelineSpec } from '../../api/email-pipeline.ts';
import type { Deployment } from '../../kubernetes/objects.ts';
import { referencedSecrets } from '../../pipeline/revision/compile.ts';
import type { Revision, SecretKey } from '../../pipeline/revision/revision.ts';
import type { DecisionConfig, Resources } from '../config.ts';
import { annotations, childLabels, configMapName, labels, type Role } from '../names.ts';

export type PodTemplateSpec = NonNullable<Deployment['spec']>['template'];
export type PodSpec = NonNullable<PodTemplateSpec['spec']>;
type Container = PodSpec['containers'][number];

/** What a worker's pod is made from. */
export interface PodInput {
  readonly revision: Revision;
  /** The curated settings of the pipeline. */
  readonly template: EmailPipelineSpec['template'];
  readonly role: Role;
  /** Of the referenced keys; a change rolls the pods of a Deployment. Absent: runs once, nothing to roll. */
  readonly secretsHash?: string;
  /** Arguments after `worker --revision FILE`. */
  readonly args?: readonly string[];
  readonly env?: Container['env'];
  /** Another revision that it has to do with: its Secrets are there too, as far as they exist. */
  readonly beside?: Revision;
  /** Labels beside our own. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const containerName = 'worker';
export const revisionKey = 'revision.json';
/** Of probes, metrics and status. */
export const httpPort = 8080;
const user = 65532;
const mountPath = '/etc/mailmill';
const maildirPath = '/var/lib/mailmill/maildir';
const archivePath = '/var/lib/mailmill/archive';

/** Seconds between SIGTERM and SIGKILL; the worker drains in less. */
const graceSeconds = 60;

type Amounts = Resources['requests'];

/** What a worker gets that neither its pipeline nor the chart says anything about. */
const builtIn: Resources = { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '1Gi' } };

/** Defaults for what the pipeline leaves open; never beside a request or limit of its own that they could contradict. */
export function resourcesOf(
  { requests, limits }: Resources = {},
  defaults: Resources = builtIn,
): Container['resources'] {
  const open = (given: Amounts, other: Amounts): Amounts => ({
    ...(other?.cpu === undefined && given?.cpu !== undefined ? { cpu: given.cpu } : {}),
    ...(other?.memory === undefined && given?.memory !== undefined ? { memory: given.memory } : {}),
  });
  return {
    requests: { ...open(defaults.requests, limits), ...requests },
    limits: { ...open(defaults.limits, requests), ...limits },
  };
}

/** What every pod of ours has: it passes the `restricted` Pod Security level and has no token of the API server. */
export const restrictedPod = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  // The first process of a namespace does not hear SIGTERM before it has a handler: one that is told to end while Node
  // starts would work on until it is killed.
  shareProcessNamespace: true,
  terminationGracePeriodSeconds: graceSeconds,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    seccompProfile: { type: 'RuntimeDefault' },
  },
} as const satisfies Partial<PodSpec>;

/** The same of every container of ours. */
export const restrictedContainer: Container['securityContext'] = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * Environment of every process of ours that has probes; `tokenSha256` guards its status. All else is told by the argument `--pod` or is the
 * default: the API server, etcd and every controller keep, compare and send each entry of a pod template a dozen times for each workload.
 */
export const processEnv = (tokenSha256: string): NonNullable<Container['env']> => [
  { name: 'MAILMILL_STATUS_TOKEN_SHA256', value: tokenSha256 },
];

/** Mount of what `filesOf` has. */
export const filesMount = { name: 'files', mountPath, readOnly: true } as const;

/** One volume with what a process of ours reads: a ConfigMap's file, and only the referenced keys of Secrets as `secrets/<secret>/<key>`. */
export const filesOf = (
  configMap: string,
  secrets: ReturnType<typeof secretSources>,
): NonNullable<PodSpec['volumes']>[number] => ({
  name: filesMount.name,
  projected: { defaultMode: 0o444, sources: [{ configMap: { name: configMap } }, ...secrets] },
});

/** Where a process of ours finds a file of its ConfigMap. */
export const fileOf = (key: string) => `${mountPath}/${key}`;

const probe = (path: string) => ({ httpGet: { path, port: 'http' }, timeoutSeconds: 5 });

/** Probes; `ready` for what others wait for. A start may take a minute; later, three failures 10 s apart end a process. */
export const probes = (ready: boolean): Partial<Container> => ({
  livenessProbe: { ...probe('/healthz'), initialDelaySeconds: 30 },
  ...(ready ? { readinessProbe: { ...probe('/readyz'), periodSeconds: 3 } } : {}),
});

/** The pod template of a worker: passes the `restricted` Pod Security level and has no token of the API server. */
export function podTemplate(input: PodInput, config: DecisionConfig): PodTemplateSpec {
  const { revision, template, role } = input;
  const own = childLabels(revision.pipeline, { [labels.revision]: revision.hash, [labels.role]: role });
  return {
    metadata: {
      labels: { ...template?.labels, ...input.labels, ...own },
      annotations: {
        ...template?.annotations,
        ...(input.secretsHash === undefined ? {} : { [annotations.secretsHash]: input.secretsHash }),
      },
    },
    spec: {
      ...(role === 'stream' ? {} : { restartPolicy: 'Never' }),
      ...restrictedPod,
      ...(revision.keeps?.volume === undefined
        ? {}
        : {
            securityContext: { ...restrictedPod.securityContext, fsGroup: user, fsGroupChangePolicy: 'OnRootMismatch' },
          }),
      containers: [container(input, config)],
      volumes: [
        filesOf(configMapName(revision.pipeline, revision.hash), allSecrets(input)),
        { name: 'tmp', emptyDir: {} },
        ...mounts(revision).map(({ volume, claimName }) => ({
          name: volume,
          persistentVolumeClaim: { claimName },
        })),
      ],
      nodeSelector: template?.nodeSelector,
      tolerations: template?.tolerations,
      topologySpreadConstraints: spread(template, role)?.map((constraint) => ({
        ...constraint,
        labelSelector: { matchLabels: spreadSelector(revision.pipeline) },
      })),
      priorityClassName: template?.priorityClassName,
      imagePullSecrets: template?.imagePullSecrets,
    },
  };
}

/** A standby is of little use on the node of the worker that it stands by for. */
const perNode = { topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 1 } as const;

/** Pods of a run count as well, which does no harm. */
const spreadSelector = (pipeline: string) => ({ [labels.pipeline]: pipeline });

const spread = (template: PodInput['template'], role: Role) =>
  template?.topologySpreadConstraints ?? (role === 'stream' ? [perNode] : undefined);

function container({ revision, template, role, args = [], env = [] }: PodInput, config: DecisionConfig): Container {
  return {
    name: containerName,
    image: config.workerImage,
    imagePullPolicy: config.workerImagePullPolicy,
    args: ['worker', '--pod', '--revision', fileOf(revisionKey), ...args],
    env: [...processEnv(config.keys.tokenSha256(revision.namespace, revision.pipeline)), ...env],
    ports: [{ name: 'http', containerPort: httpPort }],
    ...probes(role === 'stream'),
    resources: resourcesOf(template?.resources, config.workerResources),
    securityContext: restrictedContainer,
    volumeMounts: [
      filesMount,
      { name: 'tmp', mountPath: '/tmp' },
      ...mounts(revision).map(({ volume, mountPath, subPath, readOnly }) => ({
        name: volume,
        mountPath,
        subPath,
        readOnly,
      })),
    ],
  };
}

function allSecrets({ revision, beside }: PodInput) {
  const own = referencedSecrets(revision);
  const other = (beside === undefined ? [] : referencedSecrets(beside)).filter(
    ({ name, key }) => !own.some((each) => each.name === name && each.key === key),
  );
  const optional = secretSources(other).map(({ secret }) => ({ secret: { ...secret, optional: true } }));
  return [...secretSources(own), ...optional];
}

/** Only the referenced keys, each as the file `secrets/<secret>/<key>`. */
export function secretSources(keys: readonly SecretKey[]) {
  const names = [...new Set(keys.map(({ name }) => name))];
  return names.map((name) => ({
    secret: {
      name,
      items: keys.filter((each) => each.name === name).map(({ key }) => ({ key, path: `secrets/${name}/${key}` })),
    },
  }));
}

interface Mount {
  readonly volume: string;
  readonly claimName: string;
  readonly subPath: string | undefined;
  readonly mountPath: string;
  readonly readOnly: boolean;
}

/** Directories of files that are read, and of archives; who keeps one writes to it. */
function mounts({ sources, keeps }: Revision): readonly Mount[] {
  const kept = keeps?.volume?.persistentVolumeClaim;
  const written: readonly Mount[] =
    kept === undefined
      ? []
      : sources.slice(0, 1).map(({ name }) => mount('archive', kept, `${archivePath}/${name}`, false));
  const read = sources.flatMap(({ name, maildir, mbox, archived }, index): readonly Mount[] => {
    const files = (maildir ?? mbox)?.persistentVolumeClaim;
    const archive = archived?.volume?.persistentVolumeClaim;
    return [
      ...(files === undefined ? [] : [mount(`maildir-${index}`, files, `${maildirPath}/${name}`, true)]),
      ...(archive === undefined ? [] : [mount(`archive-${index}`, archive, `${archivePath}/${name}`, true)]),
    ];
  });
  return [...written, ...read];
}

const mount = (
  volume: string,
  { claimName, subPath }: { readonly claimName: string; readonly subPath?: string },
  mountPath: string,
  readOnly: boolean,
): Mount => ({ volume, claimName, subPath, mountPath, readOnly });

/** What a pod template is but for the values of its Secrets: what a person's edit, another image or another source changes. */
export function withoutSecrets({ metadata, spec }: PodTemplateSpec): PodTemplateSpec {
  const { [annotations.secretsHash]: _, ...others } = metadata?.annotations ?? {};
  return { metadata: { ...metadata, annotations: others }, spec };
}
