import type { EmailPipelineSpec } from '../api/email-pipeline.ts';
import type { MailboxSourceSpec } from '../api/mailbox-source.ts';
import { archiverName } from '../pipeline/archive/compile.ts';
import { reconcileName } from './names.ts';

/** A resource as far as names of children follow from it. */
export type Claimant =
  | { readonly kind: 'EmailPipeline'; readonly name: string; readonly spec: EmailPipelineSpec }
  | { readonly kind: 'MailboxSource'; readonly name: string; readonly spec: MailboxSourceSpec };

/** What of a resource its children's names follow from. */
export function claimantOf(
  resource: Named<'EmailPipeline', EmailPipelineSpec> | Named<'MailboxSource', MailboxSourceSpec>,
): Claimant {
  const { name } = resource.metadata;
  return resource.kind === 'EmailPipeline'
    ? { kind: resource.kind, name, spec: resource.spec }
    : { kind: resource.kind, name, spec: resource.spec };
}

interface Named<K, S> {
  readonly kind: K;
  readonly metadata: { readonly name: string };
  readonly spec: S;
}

/** A name that nobody else in the namespace may have: of an object, or of what the store and labels know. */
interface Claim {
  readonly object: 'Deployment' | 'CronJob' | 'PodDisruptionBudget' | 'worker';
  readonly name: string;
  /** Field that it follows from. */
  readonly path: string;
}

/** Two resources that claim one name. */
export interface Clash {
  /** Names of Deployments and CronJobs that it is about. */
  readonly child: string;
  readonly path: string;
  readonly message: string;
  readonly suggestion: string;
}

/** A resource that may clash, by what is in its name alone. */
export interface Candidate {
  readonly kind: Claimant['kind'];
  readonly name: string;
}

const streaming = (name: string, path: string): readonly Claim[] =>
  (['Deployment', 'PodDisruptionBudget'] as const).map((object) => ({ object, name, path }));

/** What runs the work of a pipeline, or of the archive of a source: its state in the store has that name, too. */
const workload = (name: string, path: string, schedule: string | undefined): readonly Claim[] => [
  { object: 'worker', name, path },
  ...(schedule === undefined ? streaming(name, path) : [{ object: 'CronJob', name, path } as const]),
];

const comparison = (name: string, reconcile: unknown): readonly Claim[] =>
  reconcile === undefined ? [] : [{ object: 'CronJob', name: reconcileName(name), path: 'spec.reconcile' }];

/** Names that end in a hash (ConfigMaps and Jobs) are apart as long as these are, and a Service has the name of its source. */
function claimsOf({ kind, name, spec }: Claimant): readonly Claim[] {
  if (kind === 'EmailPipeline')
    return [...workload(name, 'metadata.name', spec.schedule), ...comparison(name, spec.reconcile)];
  const collector = archiverName(name);
  if (spec.smtp !== undefined || spec.http !== undefined) return streaming(collector, 'metadata.name');
  if (spec.archive === undefined) return [];
  return [...workload(collector, 'spec.archive', spec.schedule), ...comparison(collector, spec.reconcile)];
}

/** What keeps two resources of a namespace from being there together; told to `own`. */
export function clashOf(own: Claimant, other: Claimant): Clash | undefined {
  const theirs = claimsOf(other);
  for (const mine of claimsOf(own)) {
    const same = theirs.find(({ object, name }) => object === mine.object && name === mine.name);
    if (same === undefined) continue;
    const { name, path } = mine;
    const because = same.path === 'metadata.name' ? '' : ` (by its ${same.path})`;
    const what = mine.object === 'worker' ? `the name ${name}` : `the ${mine.object} ${name}`;
    return {
      child: name,
      path,
      message: `${what} belongs to ${other.kind} "${other.name}"${because} as well as to this ${own.kind}`,
      suggestion: 'give one of the two another name; a pipeline or an archive under another name begins from the start',
    };
  }
  return undefined;
}

const collectorEnd = archiverName('');
const reconcileEnd = '-reconcile';
const without = (name: string, end: string): readonly string[] =>
  name.endsWith(end) && name.length > end.length ? [name.slice(0, -end.length)] : [];

/** Resources that could claim a name of this one's, whatever their specs say. */
export function clashCandidates({ kind, name }: Candidate): readonly Candidate[] {
  const pipelines = (names: readonly string[]) => names.map((each) => ({ kind: 'EmailPipeline', name: each }) as const);
  const sources = (names: readonly string[]) => names.map((each) => ({ kind: 'MailboxSource', name: each }) as const);
  if (kind === 'MailboxSource') return pipelines([archiverName(name), reconcileName(archiverName(name))]);
  const compared = without(name, reconcileEnd);
  return [
    ...pipelines([reconcileName(name), ...compared]),
    ...sources([name, ...compared].flatMap((each) => without(each, collectorEnd))),
  ];
}

/** A living resource, for who was first. */
export interface Dated {
  readonly uid: string;
  readonly createdAt: string | undefined;
}

/**
 * Whether `own` has to give way: not to one that came later, unless that one has the child already (as after an edit of the spec), and never when the
 * child is its own.
 *
 * @param owners uids of those whose children of the name are there.
 */
export function givesWay(own: Dated, other: Dated, owners: readonly (string | undefined)[]): boolean {
  if (owners.includes(own.uid)) return false;
  if (owners.includes(other.uid)) return true;
  const [mine, theirs] = [own.createdAt ?? '', other.createdAt ?? ''];
  return mine === theirs ? own.uid > other.uid : mine > theirs;
}
