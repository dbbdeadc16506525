import { expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../../src/api/mailbox-source.ts';
import { resolveSource } from '../../../src/api/resolve.ts';
import { apiVersion } from '../../../src/api/resources.ts';
import { archiverSecrets, compileArchiver } from '../../../src/pipeline/archive/compile.ts';
import { compilePipeline } from '../../../src/pipeline/revision/compile.ts';

const imap = { host: 'imap.example.com', auth: { secretRef: { name: 'login' } } };
const bucket = { bucket: 'archive', auth: { secretRef: { name: 'keys' } } };

const archiver = (spec: MailboxSourceSpec) =>
  compileArchiver(
    'ns',
    'mail',
    resolveSource({ apiVersion, kind: 'MailboxSource', metadata: { name: 'mail' }, spec }).spec,
  );

const pipeline = (spec: MailboxSourceSpec, storeRef?: { name: string }) =>
  compilePipeline(
    {
      metadata: { name: 'p', namespace: 'ns' },
      spec: {
        source: { name: 'mail' },
        sinks: [{ name: 's', postgres: { secretRef: { name: 'db' }, table: 't' } }],
        ...(storeRef && { storeRef }),
      },
    },
    [{ metadata: { name: 'mail' }, spec }],
  );

test('the collector of a source with an archive is a revision that reads it and keeps what it reads', () => {
  const revision = archiver({ imap, archive: { s3: bucket, retention: '90d' }, schedule: '0 * * * *' });
  expect(revision).toMatchObject({
    namespace: 'ns',
    pipeline: 'mail-collector',
    sources: [{ name: 'mail', imap: { host: 'imap.example.com' } }],
    sinks: [],
    keeps: { s3: { bucket: 'archive', region: 'us-east-1' }, retention: '90d' },
    storeRef: { name: 'mailmill-store', key: 'uri' },
  });
  expect(JSON.stringify(revision)).not.toContain('0 * * * *'); // when it runs is no part of what it does
  expect(archiverSecrets(revision!).map(({ name, key }) => `${name}/${key}`)).toEqual([
    'keys/accessKeyId',
    'keys/secretAccessKey',
    'login/password',
    'login/username',
    'mailmill-store/uri',
  ]);
  expect(archiver({ imap })).toBeUndefined();
});

test('a pipeline knows where the archive is, and nothing of the mailbox, its login or its schedule', () => {
  const compiled = pipeline({ imap, archive: { s3: bucket, retention: '90d' }, schedule: '0 * * * *' });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  const { s3 } = compiled.revision.sources[0]?.archived ?? {};
  expect(compiled.revision.sources).toEqual([{ name: 'mail', archived: { s3 } }]);
  expect(s3).toMatchObject({ bucket: 'archive', region: 'us-east-1', forcePathStyle: false });
  expect(compiled.secrets.map(({ name }) => name)).not.toContain('login');
  expect(compiled.secrets.map(({ name }) => name)).toContain('keys');
});

test('another store than that of the archive is refused', () => {
  expect(pipeline({ imap, archive: { postgres: {} } }, { name: 'other' })).toMatchObject({
    ok: false,
    issues: [{ path: 'spec.storeRef' }],
  });
});
