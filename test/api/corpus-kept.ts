const source = (spec: string) => `apiVersion: mailmill.io/v1alpha1
kind: MailboxSource
metadata: {name: files, namespace: default}
spec:
${spec}`;

const maildir = '  maildir: {persistentVolumeClaim: {claimName: mail}}\n';
const archived = (archive: string, more = '') => source(`${maildir}  archive: ${archive}\n${more}`);

/** Sources of files and objects, and those with an archive, by what is special about them. */
export const kept: Readonly<Record<string, string>> = {
  'mbox: a file': source('  mbox: {path: mail.mbox}\n'),
  'mbox: everything': source(
    '  mbox: {persistentVolumeClaim: {claimName: mail, subPath: lists}, files: {include: ["*.mbox"], exclude: [old/**]}, format: mboxcl2, since: 90d, pollInterval: 10s, limits: {messageSize: 25Mi}}\n',
  ),
  'mbox: neither path nor claim': source('  mbox: {format: mboxrd}\n'),
  'mbox: another format': source('  mbox: {path: mail, format: mmdf}\n'),
  's3: a bucket alone': source('  s3: {bucket: mail}\n'),
  's3: everything': source(
    '  s3: {bucket: inbound.example.com, prefix: in/, region: eu-central-1, endpoint: "https://s3.example.com:9000", forcePathStyle: true, auth: {secretRef: {name: keys}}, keys: {include: ["**.eml"], exclude: [tmp/**]}, versions: All, since: 2026-01-01, pollInterval: 30s, limits: {listRequestsPerPoll: 10, messageSize: 40Mi}}\n',
  ),
  's3: a bucket in capitals': source('  s3: {bucket: Mail}\n'),
  's3: a prefix from the root': source('  s3: {bucket: mail, prefix: /in}\n'),
  's3: an endpoint with a password': source('  s3: {bucket: mail, endpoint: "https://me:secret@s3.example.com"}\n'),
  's3: one request a poll': source('  s3: {bucket: mail, limits: {listRequestsPerPoll: 1}}\n'),
  's3: with an archive': source('  s3: {bucket: mail}\n  archive: {postgres: {}}\n'),
  'archive: in the store': archived('{postgres: {}, retention: 3650d}', '  storeRef: {name: db}\n'),
  'archive: in a bucket, on schedule': archived(
    '{s3: {bucket: archive, prefix: mail/}}',
    '  schedule: "0 * * * *"\n  timeZone: Europe/Zurich\n',
  ),
  'archive: on a volume': archived('{volume: {persistentVolumeClaim: {claimName: archive, subPath: mail}}}'),
  'archive: with changes': source(
    '  imap: {host: imap.example.com, auth: {secretRef: {name: login}}}\n  archive: {postgres: {}, changes: [flags, expunge, move]}\n',
  ),
  'archive: with changes of files': archived('{postgres: {}, changes: [flags]}'),
  'archive: with no changes': archived('{postgres: {}, changes: []}'),
  'archive: nowhere': archived('{retention: 30d}'),
  'archive: in two places': archived('{postgres: {}, s3: {bucket: archive}}'),
  'archive: on a volume without a place': archived('{volume: {}}'),
  'schedule: without an archive': source(`${maildir}  schedule: "0 * * * *"\n`),
  'schedule: of four fields': archived('{postgres: {}}', '  schedule: "0 * * *"\n'),
  'reconcile: of an archive': archived(
    '{postgres: {}}',
    '  reconcile: {schedule: "0 3 * * *", timeZone: Europe/Zurich}\n',
  ),
  'reconcile: without an archive': source(`${maildir}  reconcile: {schedule: "0 3 * * *"}\n`),
  'reconcile: without a schedule': archived('{postgres: {}}', '  reconcile: {timeZone: Europe/Zurich}\n'),
  'time zone: without a schedule': archived('{postgres: {}}', '  timeZone: Europe/Zurich\n'),
};
