import {
  controllerOf,
  type EmailPipeline,
  type KubernetesObject,
  type Live,
  type MailboxSource,
} from '../kubernetes/objects.ts';
import type { Caches } from './caches.ts';
import { type Candidate, type Claimant, clashCandidates, clashOf, givesWay } from './name-clash.ts';
import type { SpecIssue } from './snapshot.ts';

type Metadata = Live<KubernetesObject>['metadata'];
/** A living resource that may claim names. */
interface Claiming {
  readonly claimant: Claimant;
  readonly metadata: Metadata;
}

export const ofPipeline = ({ metadata, spec }: Live<EmailPipeline>): Claiming => ({
  claimant: { kind: 'EmailPipeline', name: metadata.name, spec },
  metadata,
});
export const ofSource = ({ metadata, spec }: Live<MailboxSource>): Claiming => ({
  claimant: { kind: 'MailboxSource', name: metadata.name, spec },
  metadata,
});

function found({ pipelines, sources }: Caches, { kind, name }: Candidate, namespace: string): Claiming | undefined {
  if (kind === 'EmailPipeline') {
    const pipeline = pipelines.objects.get({ namespace, name });
    return pipeline && ofPipeline(pipeline);
  }
  const source = sources.objects.get({ namespace, name });
  return source && ofSource(source);
}

const datedOf = ({ metadata: { uid, creationTimestamp } }: Claiming) => ({ uid, createdAt: creationTimestamp });

/** Names that this resource needs and that another one has, or has a better right to. */
export function takenNames(caches: Caches, own: Claiming): readonly SpecIssue[] {
  const { kind, name } = own.claimant;
  const { namespace = '' } = own.metadata;
  return clashCandidates({ kind, name }).flatMap((candidate) => {
    const other = found(caches, candidate, namespace);
    if (other === undefined || other.metadata.deletionTimestamp !== undefined) return [];
    const clash = clashOf(own.claimant, other.claimant);
    if (clash === undefined) return [];
    const { child, path, message, suggestion } = clash;
    const children = [caches.deployments, caches.cronJobs].map(({ objects }) =>
      objects.get({ namespace, name: child }),
    );
    const owners = children.map((each) => each && controllerOf(each)?.uid);
    if (!givesWay(datedOf(own), datedOf(other), owners)) return [];
    return [{ kind, path, message, suggestion, reason: 'NameTaken' as const }];
  });
}

/** Whether an object is a child of another pipeline or source than the one with this uid, although it has the name or the label of one. */
export function isOthers(object: KubernetesObject, uid: string): boolean {
  const owner = controllerOf(object);
  return owner !== undefined && owner.uid !== uid && ['EmailPipeline', 'MailboxSource'].includes(owner.kind);
}
