import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeMaildir } from '../support/corpus.ts';
import { eventually } from './eventually.ts';
import { pipeline } from './resources.ts';
import { run } from './shell.ts';
import { startWorld, type World } from './world.ts';

const tenant = 'e2e-maildir';
let world: World;
let directory: string;

function* mail(count: number) {
  for (let i = 0; i < count; i++) yield Buffer.from(`From: a@example.org\r\nSubject: file ${i}\r\n\r\nhello\r\n`);
}

beforeAll(async () => {
  world = await startWorld(tenant);
  directory = mkdtempSync(join(tmpdir(), 'mailmill-maildir-'));
  writeMaildir(join(directory, 'team'), mail(25));
  await run('chmod', ['-R', 'a+rX', directory]);
  const claim = { name: 'mail', namespace: tenant };
  await world.cluster.apply(
    {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: 'e2e-maildir' },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadOnlyMany'],
        storageClassName: '',
        persistentVolumeReclaimPolicy: 'Retain',
        claimRef: claim,
        hostPath: { path: directory },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: claim,
      spec: {
        accessModes: ['ReadOnlyMany'],
        storageClassName: '',
        volumeName: 'e2e-maildir',
        resources: { requests: { storage: '1Gi' } },
      },
    },
    {
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'MailboxSource',
      metadata: { name: 'files', namespace: tenant },
      spec: { maildir: { persistentVolumeClaim: { claimName: 'mail', subPath: 'team' }, pollInterval: '1s' } },
    },
    pipeline(tenant, 'files', 'files', 'files'),
  );
});

afterAll(async () => {
  await world?.close();
  await world?.cluster.kubectl(['delete', 'pv', 'e2e-maildir', '--ignore-not-found']);
  if (directory) rmSync(directory, { recursive: true, force: true });
});

test('a Maildir on a volume becomes rows, each file once', async () => {
  await world.ready('files', 90);
  await eventually('all rows', async () => expect(await world.count('files')).toBe(25));
  const rows = await world.query('SELECT DISTINCT subject FROM files');
  expect(rows).toHaveLength(25);
});
