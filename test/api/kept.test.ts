import { expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { validateObjects } from '../../src/api/validate.ts';
import { kept } from './corpus-kept.ts';

const errors = (yaml: string) =>
  validateObjects(loadText('source.yaml', yaml).objects)
    .issues.filter(({ level }) => level !== 'note')
    .map(({ path, message }) => `${path}: ${message}`);

const wrong: Readonly<Record<string, string>> = {
  'mbox: neither path nor claim': 'spec.mbox: exactly one of path (one machine) and persistentVolumeClaim (cluster)',
  'mbox: another format': 'spec.mbox.format: must be one of',
  's3: a bucket in capitals': 'spec.s3.bucket: must match',
  's3: a prefix from the root': 'spec.s3.prefix: must match',
  's3: an endpoint with a password': 'spec.s3.endpoint: must match',
  's3: one request a poll': 'spec.s3.limits.listRequestsPerPoll: must be at least 2',
  's3: with an archive': 'spec.archive: an archive is for sources that read a mailbox',
  'archive: with changes of files': 'spec.archive.changes: archive.changes is for imap: files do not tell what happens',
  'archive: with no changes': 'spec.archive.changes: needs at least 1',
  'archive: nowhere': 'spec.archive: exactly one of s3, volume and postgres must be set',
  'archive: in two places': 'spec.archive: exactly one of s3, volume and postgres must be set',
  'archive: on a volume without a place': 'spec.archive.volume: exactly one of path',
  'schedule: without an archive': 'spec.schedule: only a source with an archive has work of its own to schedule',
  'schedule: of four fields': 'spec.schedule: must have at least 9 characters',
  'reconcile: without an archive': 'spec.reconcile: only a source with an archive has records of its own',
  'reconcile: without a schedule': 'spec.reconcile.schedule: is required',
  'time zone: without a schedule': 'spec.timeZone: timeZone needs a schedule',
};

test.each(Object.entries(kept))('%s', (name, yaml) => {
  const message = wrong[name];
  if (message === undefined) expect(errors(yaml)).toEqual([]);
  else expect(errors(yaml).join('\n')).toContain(message);
});
