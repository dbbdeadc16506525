import { createHash } from 'node:crypto';
import type { ArchivePlace } from '../../api/kinds/archive.ts';
import type { ResolvedSourceSpec } from '../../api/resolve.ts';
import { canonicalJson } from '../revision/canonical-json.ts';
import type { Revision, RevisionSource, SecretKey } from '../revision/revision.ts';
import { bucketKeys, sourceSecrets, uniqueKeys } from '../revision/source-secrets.ts';

/** How long the collector remembers what it did with each message; what pipelines remember is theirs. */
const retention = '90d';

/** What of an archive says where it is: all that its readers need. */
export const placeOf = ({ s3, volume, postgres }: ArchivePlace): ArchivePlace => ({
  ...(s3 && { s3 }),
  ...(volume && { volume }),
  ...(postgres && { postgres }),
});

/** Name of what reads a source into its archive; its children are named so, and so is its state in the store. */
export const archiverName = (source: string): string => `${source}-collector`;

/**
 * Compiles the collector of a source with an archive; undefined for a source without one. It is a revision that a worker runs as it runs a
 * pipeline (`mailmill worker --revision FILE`, with `--once --run NAME` for a scheduled source): it reads the mailbox under a lease of its own, and
 * what it commits goes to the archive. Pure, as `compilePipeline` is.
 */
export function compileArchiver(namespace: string, source: string, spec: ResolvedSourceSpec): Revision | undefined {
  const { imap, maildir, mbox, encryption, archive, storeRef } = spec;
  if (!archive) return undefined;
  const reads: RevisionSource = {
    name: source,
    ...(imap && { imap }),
    ...(maildir && { maildir }),
    ...(mbox && { mbox }),
    ...(encryption && { encryption }),
  };
  const canonical = canonicalJson({
    version: 1,
    namespace,
    pipeline: archiverName(source),
    sources: [reads],
    steps: [],
    sinks: [],
    keeps: archive,
    storeRef: storeRef ?? { name: 'mailmill-store', key: 'uri' },
    retention,
  });
  const hash = createHash('sha256').update(canonical).digest('hex').slice(0, 10);
  // The same value as it went in, key order apart.
  return { hash, ...(JSON.parse(canonical) as Omit<Revision, 'hash'>) };
}

/** The keys of Secrets that it reads: sorted by name and key, each once. */
export const archiverSecrets = ({ sources, keeps, storeRef }: Revision): readonly SecretKey[] =>
  uniqueKeys([storeRef, ...sources.flatMap(sourceSecrets), ...bucketKeys(keeps?.s3)]);
