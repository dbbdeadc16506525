import type { ArchivePlace } from '../../api/kinds/archive.ts';
import { archiveId } from '../../store/archive.ts';
import type { Database } from '../../store/database.ts';
import type { SegmentStorage } from './storage.ts';

/** A source's archive, opened. */
export interface OpenArchive {
  /** In the store. */
  readonly id: bigint;
  readonly storage: SegmentStorage;
}

export interface ArchiveOptions {
  readonly spec: ArchivePlace;
  readonly namespace: string;
  readonly source: string;
  readonly database: Database;
  readonly secret: (name: string, key: string) => Promise<string>;
}

/** Opens the archive of a source; what it needs is loaded now. */
export async function openArchive(options: ArchiveOptions): Promise<OpenArchive> {
  const { spec, namespace, source, database, secret } = options;
  const id = await archiveId(database, namespace, source);
  if (spec.s3) {
    const [{ Bucket }, { bucketOptions }, { S3Storage }] = await Promise.all([
      import('../s3/bucket.ts'),
      import('../s3/bucket-options.ts'),
      import('./s3-storage.ts'),
    ]);
    const bucket = await Bucket.open({ ...bucketOptions(spec.s3, secret), what: 'archive.s3' });
    return { id, storage: new S3Storage(bucket, spec.s3.prefix ?? '') };
  }
  if (spec.volume) {
    const { VolumeStorage } = await import('./volume-storage.ts');
    const root = spec.volume.path ?? `/var/lib/mailmill/archive/${source}`;
    return { id, storage: new VolumeStorage(root) };
  }
  const { PostgresStorage } = await import('./postgres-storage.ts');
  return { id, storage: new PostgresStorage(database, id) };
}
