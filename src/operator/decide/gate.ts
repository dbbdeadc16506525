import type { SecretKey } from '../../pipeline/revision/revision.ts';
import type { DecisionConfig } from '../config.ts';
import { operatorServiceAccount, secretReaderRole } from '../names.ts';
import type { PipelineSnapshot, Secrets, SpecIssue } from '../snapshot.ts';
import { compactList } from '../text.ts';

/** Why nothing new may be applied. */
export interface Violation {
  /** The condition that tells it first. */
  readonly concern: 'Valid' | 'CredentialsResolved';
  readonly reason: string;
  readonly message: string;
  /** Whether it may come right by itself in a moment (another resource of the same sync), or a person must act. */
  readonly family: 'Waiting' | 'Stalled';
}

export type GateCheck = (snapshot: PipelineSnapshot, config: DecisionConfig) => Violation | undefined;

/** What must hold before a generation is applied; the first violation counts. */
export const gateChecks: readonly GateCheck[] = [
  // What the spec itself says wrong needs no other object to be known.
  SpecInvalid,
  // Without its source there is nothing to compile.
  SourceMissing,
  // A path exists on one machine only; found before a pod is started.
  PathOnlyStandalone,
  // Whether keys are missing cannot be known while they may not be read.
  SecretsForbidden,
  // A pod that mounts a missing Secret would hang in ContainerCreating.
  SecretMissing,
  SecretKeyMissing,
];

export function firstViolation(snapshot: PipelineSnapshot, config: DecisionConfig): Violation | undefined {
  for (const check of gateChecks) {
    const violation = check(snapshot, config);
    if (violation !== undefined) return violation;
  }
  return undefined;
}

/** Spec issues as one message, the first five. */
const tellIssues = (issues: readonly SpecIssue[], own: SpecIssue['kind']) =>
  compactList(
    issues.map(({ kind, path, message, suggestion }) => {
      const whose = kind === own ? '' : `${kind}: `;
      return `${whose}${path}: ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`;
    }),
    5,
    '; ',
  );

/** What is wrong with a spec. */
export const specInvalid = (issues: readonly SpecIssue[], own: SpecIssue['kind']): Violation => ({
  concern: 'Valid',
  reason: issues[0]?.reason ?? 'SpecInvalid',
  message: tellIssues(issues, own),
  family: 'Stalled',
});

function SpecInvalid({ compilation }: PipelineSnapshot): Violation | undefined {
  if (compilation.kind !== 'Invalid') return undefined;
  return specInvalid(compilation.issues, 'EmailPipeline');
}

function SourceMissing({ compilation, pipeline }: PipelineSnapshot): Violation | undefined {
  if (compilation.kind !== 'SourceMissing') return undefined;
  const { suggestion } = compilation;
  const hint = suggestion === undefined ? 'create it, or correct spec.source.name' : suggestion;
  const message = `there is no MailboxSource "${pipeline.spec.source.name}" in namespace ${pipeline.metadata.namespace}; ${hint}`;
  return { concern: 'Valid', reason: 'SourceMissing', message, family: 'Waiting' };
}

export const pathOnlyStandalone =
  'spec.maildir.path, spec.mbox.path and spec.archive.volume.path work with `mailmill run` on one machine only; in a cluster name a persistentVolumeClaim';

function PathOnlyStandalone({ compilation }: PipelineSnapshot): Violation | undefined {
  if (compilation.kind !== 'Compiled') return undefined;
  const { sources, keeps } = compilation.revision;
  const source = sources.find(
    ({ maildir, mbox, archived }) => (maildir ?? mbox ?? archived?.volume ?? keeps?.volume)?.path !== undefined,
  );
  if (source === undefined) return undefined;
  const message = `MailboxSource "${source.name}": ${pathOnlyStandalone}`;
  return { concern: 'Valid', reason: 'PathOnlyStandalone', message, family: 'Stalled' };
}

const keysOf = ({ compilation }: PipelineSnapshot) => (compilation.kind === 'Compiled' ? compilation.secrets : []);

function SecretsForbidden(snapshot: PipelineSnapshot, config: DecisionConfig): Violation | undefined {
  const namespace = snapshot.pipeline.metadata.namespace ?? '';
  return forbidden(keysOf(snapshot), snapshot.secrets, namespace, config);
}

function SecretMissing(snapshot: PipelineSnapshot): Violation | undefined {
  return missingSecrets(keysOf(snapshot), snapshot.secrets, snapshot.pipeline.metadata.namespace ?? '');
}

function SecretKeyMissing(snapshot: PipelineSnapshot): Violation | undefined {
  return missingKeys(keysOf(snapshot), snapshot.secrets);
}

/** The same three checks for anything that names Secrets. */
export function credentialViolation(
  keys: readonly SecretKey[],
  secrets: Secrets,
  namespace: string,
  config: DecisionConfig,
): Violation | undefined {
  return (
    forbidden(keys, secrets, namespace, config) ??
    missingSecrets(keys, secrets, namespace) ??
    missingKeys(keys, secrets)
  );
}

function forbidden(
  keys: readonly SecretKey[],
  secrets: Secrets,
  namespace: string,
  config: DecisionConfig,
): Violation | undefined {
  if (!keys.some(({ name }) => secrets.get(name)?.kind === 'Forbidden')) return undefined;
  const command = `kubectl create rolebinding ${secretReaderRole} -n ${namespace} --clusterrole=${secretReaderRole} --serviceaccount=${config.namespace}:${operatorServiceAccount}`;
  const remedy =
    config.watchNamespaces.length > 0
      ? `add ${namespace} to \`tenants\` of the Helm chart`
      : `add ${namespace} to \`tenants\` of the Helm chart, or run: ${command}`;
  const message = `the operator may not read Secrets in namespace ${namespace}; ${remedy}`;
  return { concern: 'CredentialsResolved', reason: 'SecretsForbidden', message, family: 'Stalled' };
}

function missingSecrets(keys: readonly SecretKey[], secrets: Secrets, namespace: string): Violation | undefined {
  const names = [...new Set(keys.map(({ name }) => name))].filter((name) => secrets.get(name)?.kind === 'Missing');
  if (names.length === 0) return undefined;
  const told = names.map((name) => {
    const needed = keys.filter((key) => key.name === name).map(({ key }) => key);
    return `"${name}" (with ${needed.join(', ')})`;
  });
  const noun = names.length === 1 ? 'Secret' : 'Secrets';
  const message = `namespace ${namespace} has no ${noun} ${compactList(told, 10, ', ')}; create ${names.length === 1 ? 'it' : 'them'}, or correct the name in the spec`;
  return { concern: 'CredentialsResolved', reason: 'SecretMissing', message, family: 'Waiting' };
}

function missingKeys(keys: readonly SecretKey[], secrets: Secrets): Violation | undefined {
  const problems = keys.flatMap(({ name, key }) => {
    const state = secrets.get(name);
    if (state?.kind !== 'Present') return [];
    const hmac = state.hmacs.get(key);
    if (hmac === '') return [`the key "${key}" of Secret "${name}" is empty`];
    if (hmac !== undefined) return [];
    const has = [...state.hmacs.keys()].sort();
    return [`Secret "${name}" has no key "${key}" (it has ${has.length === 0 ? 'none' : compactList(has, 10, ', ')})`];
  });
  if (problems.length === 0) return undefined;
  const message = `${compactList(problems, 10, '; ')}; add it to the Secret, or correct the key in the spec`;
  return { concern: 'CredentialsResolved', reason: 'SecretKeyMissing', message, family: 'Waiting' };
}
