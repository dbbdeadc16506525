import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { ArchiveSpec } from '../../../src/api/kinds/archive.ts';
import type { MailboxSourceSpec } from '../../../src/api/mailbox-source.ts';
import { archiverFiles } from '../../support/archive.ts';
import type { Postgres } from '../../support/postgres.ts';
import { type S3Server, s3Login } from '../../support/s3-server.ts';
import { message, type PodFiles, podFiles, sql } from '../../support/worker.ts';

/** A Maildir with an archive, its collector and a pipeline that reads it. */
export interface ArchiveWorld {
  readonly archiver: PodFiles;
  readonly store: string;
  /** Where its volume is. */
  readonly volume: string;
  readonly source: MailboxSourceSpec;
  /** Writes a message into the mailbox. */
  deliver(name: number | string, raw?: Buffer): void;
  /** A pipeline on the source, archived or directly. */
  pipeline(name: string, options?: { readonly direct?: boolean; readonly sink?: string }): PodFiles;
  /** Segments that the store knows: state and number of frames. */
  segments(): Promise<readonly { readonly state: string; readonly frames: number }[]>;
  /** Files of the archive's volume. */
  files(): readonly string[];
}

/** A new bucket as the place of an archive. */
export const archiveBucket = async (s3: S3Server): Promise<ArchiveSpec> => ({
  s3: {
    bucket: await s3.createBucket(),
    prefix: 'archive/',
    endpoint: s3.endpoint,
    forcePathStyle: true,
    auth: { secretRef: { name: 'bucket' } },
  },
});

/** What the archive is in; a volume unless another is given. */
export async function archiveWorld(
  postgres: Postgres,
  finished: (clean: () => void) => void,
  place?: ArchiveSpec,
): Promise<ArchiveWorld> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mailmill-archive-'));
  const mail = path.join(dir, 'mail');
  const volume = path.join(dir, 'archive');
  for (const sub of ['cur', 'new', 'tmp']) fs.mkdirSync(path.join(mail, sub), { recursive: true });
  const store = await postgres.createDatabase();
  const source: MailboxSourceSpec = { maildir: { path: mail }, archive: place ?? { volume: { path: volume } } };
  const secrets = {
    'mailmill-store': { uri: store },
    sink: { uri: store },
    bucket: { ...s3Login },
  };
  const pods: PodFiles[] = [];
  const made = (pod: PodFiles): PodFiles => {
    // A pod has the Maildir where it is mounted.
    fs.mkdirSync(path.join(pod.dir, 'maildir'), { recursive: true });
    fs.symlinkSync(mail, path.join(pod.dir, 'maildir', 'inbox'));
    pods.push(pod);
    return pod;
  };
  finished(() => {
    for (const pod of pods) pod.remove();
    fs.rmSync(dir, { recursive: true, force: true });
  });
  let seconds = 1_700_000_000;
  return {
    archiver: made(archiverFiles('inbox', source, secrets)),
    store,
    volume,
    source,
    deliver: (name, raw = message(name)) => {
      const file = path.join(mail, 'new', `${name}`);
      fs.writeFileSync(file, raw);
      seconds += 1;
      fs.utimesSync(file, seconds, seconds);
    },
    pipeline: (name, { direct = false } = {}) =>
      made(
        podFiles({
          source: direct ? { maildir: { path: mail } } : source,
          pipeline: {
            name,
            source: { name: 'inbox' },
            sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'sink' }, table: name } }],
          },
          secrets,
        }),
      ),
    segments: () =>
      sql(
        store,
        `SELECT state, (SELECT count(*)::int FROM mailmill.archive_frame f WHERE f.segment_id = s.id) AS frames FROM mailmill.archive_segment s ORDER BY id`,
      ),
    files: () =>
      fs.existsSync(volume)
        ? fs
            .readdirSync(volume, { recursive: true, withFileTypes: true })
            .flatMap((entry) => (entry.isFile() ? [entry.name] : []))
        : [],
  };
}
