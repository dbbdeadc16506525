import fs from 'node:fs';
import path from 'node:path';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import { resolveSource } from '../../src/api/resolve.ts';
import { apiVersion } from '../../src/api/resources.ts';
import { compileArchiver } from '../../src/pipeline/archive/compile.ts';
import { type PodFiles, podFiles } from './worker.ts';

/** The collector of a source as the operator would start it, beside the pods of its pipelines. */
export function archiverFiles(name: string, source: MailboxSourceSpec, secrets: PodSecrets): PodFiles {
  const pod = podFiles({
    source,
    // Only its files are of use: the revision is replaced by that of the collector.
    pipeline: { source: { name }, sinks: [{ name: 's', postgres: { secretRef: { name: 'sink' }, table: 't' } }] },
    secrets,
  });
  const { spec } = resolveSource({ apiVersion, kind: 'MailboxSource', metadata: { name }, spec: source });
  const revision = compileArchiver('test', name, spec);
  if (!revision) throw new Error('the source has no archive');
  fs.writeFileSync(path.join(pod.dir, 'revision.json'), JSON.stringify(revision));
  return { ...pod, revision };
}

export type PodSecrets = Parameters<typeof podFiles>[0]['secrets'];
