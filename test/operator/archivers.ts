import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import type { Deployment, KubernetesObject, Live, MailboxSource } from '../../src/kubernetes/objects.ts';
import { deployment } from '../../src/operator/build/deployment.ts';
import { decideSource } from '../../src/operator/decide/source.ts';
import type { PipelineSnapshot, SourceSnapshot } from '../../src/operator/snapshot.ts';
import { archiverOf, compiledArchiver } from '../../src/operator/source-workloads.ts';
import type { Revision } from '../../src/pipeline/revision/revision.ts';
import { sourceSecrets } from '../../src/pipeline/revision/source-secrets.ts';
import {
  account,
  allSecrets,
  config,
  live,
  noCollector,
  now,
  pod,
  snapshot,
  source,
  worker,
  workerStatus,
} from './fixtures.ts';

export const imap = { host: 'imap.example.com', auth: { secretRef: { name: 'support-imap' } } };
export const onVolume: MailboxSourceSpec = {
  imap,
  archive: { volume: { persistentVolumeClaim: { claimName: 'mail-archive', subPath: 'support' } } },
};

export function revisionOf(of: Live<MailboxSource>): Revision {
  const compilation = compiledArchiver(of, []);
  if (compilation.kind !== 'Compiled') throw new Error('it does not compile');
  return compilation.revision;
}
export const revision = revisionOf(source(onVolume));
export const input = { revision, template: undefined, secretsHash: 'abc', replicas: 1 };

/** A source with an archive, and its workload as `change` says. */
export function decide(
  spec: MailboxSourceSpec,
  change: Partial<PipelineSnapshot> = {},
  of: Partial<SourceSnapshot> = {},
) {
  const from = source(spec);
  const { rolloutsUnderWay, ...archiver } = snapshot({
    pipeline: archiverOf(from),
    source: from,
    compilation: compiledArchiver(from, of.issues ?? []),
    ...change,
  });
  return decideSource(
    {
      ...{ now, source: from, issues: [], secrets: allSecrets, readers: ['a', 'b'], secretKeys: sourceSecrets(spec) },
      ...{ collector: noCollector, archiver, rolloutsUnderWay },
      ...of,
    },
    config,
  );
}

export const running = (): Partial<PipelineSnapshot> => {
  const made = deployment({ ...input, secretsHash: hash }, config);
  const status = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
  const says = workerStatus(revision, { pipeline: 'support-collector', sinks: [], accounts: [account()] });
  return {
    deployment: live({ ...made, metadata: { ...made.metadata, generation: 1 }, status }),
    pods: [pod('c-1', { ready: true })],
    workers: [worker('c-1', says)],
    applied: revision,
  };
};
const isDeployment = (object: KubernetesObject): object is Deployment => object.kind === 'Deployment';
export const hash =
  decide(onVolume).objects.find(isDeployment)?.spec?.template.metadata?.annotations?.['mailmill.io/secrets-hash'] ?? '';
export const apart = 'SharedWithoutArchive=False/Archived';
export const found = ['Valid=True/Valid', 'CredentialsResolved=True/Resolved'];
