import fs from 'node:fs';
import path from 'node:path';
import { Writable } from 'node:stream';
import type { MailboxSourceSpec } from '../../src/api/mailbox-source.ts';
import { resolveSource } from '../../src/api/resolve.ts';
import { apiVersion } from '../../src/api/resources.ts';
import { command } from '../../src/commands/archive.ts';
import type { Command } from '../../src/commands/command.ts';
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

/** `mailmill archive …`. */
export const archiveCommand = (args: readonly string[], env: Readonly<Record<string, string>>) =>
  commandOutput(command, args, env);

/** Everything that a command says, and its exit code. */
export async function commandOutput(of: Command, args: readonly string[], env: Readonly<Record<string, string>>) {
  let out = '';
  const stdout = new Writable({
    write(chunk, _encoding, next) {
      out += String(chunk);
      next();
    },
  });
  const code = await of.run(args, { stdout, stderr: stdout, env, signal: new AbortController().signal });
  return { code, out };
}
