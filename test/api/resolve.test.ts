import { Type } from 'typebox';
import { describe, expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { resolve, resolvePipeline, resolveResource, resolveSource } from '../../src/api/resolve.ts';
import type { EmailPipeline, MailboxSource } from '../../src/api/resources.ts';
import { Closed, Text } from '../../src/api/schema.ts';
import { validateObject, validateObjects } from '../../src/api/validate.ts';
import { corpus } from './corpus.ts';

const imap = (more: Partial<NonNullable<MailboxSource['spec']['imap']>> = {}): MailboxSource => ({
  apiVersion: 'mailmill.io/v1alpha1',
  kind: 'MailboxSource',
  metadata: { name: 'support' },
  spec: { imap: { host: 'h', auth: { secretRef: { name: 's' } }, ...more } },
});
const pipeline: EmailPipeline = JSON.parse(`{
  "apiVersion": "mailmill.io/v1alpha1",
  "kind": "EmailPipeline",
  "metadata": {"name": "orders"},
  "spec": {"source": {"name": "support"}, "sinks": [{"name": "w", "postgres": {"secretRef": {"name": "db"}, "table": "t"}}]}
}`);

describe('defaults', () => {
  test('of an IMAP source', () => {
    expect(resolveSource(imap()).spec).toEqual({
      imap: {
        preset: 'generic',
        host: 'h',
        port: 993,
        tls: { mode: 'Implicit' },
        auth: { type: 'Password', secretRef: { name: 's' } },
        folders: { include: ['INBOX'], exclude: [], watch: [] },
        backfill: { order: 'OldestFirst' },
        pollInterval: '1m',
        limits: { connectionsPerAccount: 4, messageSize: '64Mi' },
      },
    });
  });

  test.each([
    ['gmail' as const, { connectionsPerAccount: 15, bytesPerDay: '2500Mi', messageSize: '64Mi' }],
    ['exchange-online' as const, { connectionsPerAccount: 8, messageSize: '64Mi' }],
  ])('of preset %s', (preset, limits) => {
    expect(resolveSource(imap({ preset })).spec.imap?.limits).toEqual(limits);
  });

  test('what a source says wins over its preset; the scope of a preset is that of app-only access', () => {
    const oauth = { type: 'OAuth2' as const, tokenUrl: 'https://login/token', secretRef: { name: 's' } };
    const of = (grant: 'ClientCredentials' | 'RefreshToken', scope?: string) =>
      resolveSource(imap({ preset: 'exchange-online', auth: { ...oauth, grant, ...(scope && { scope }) } })).spec.imap;
    expect(of('ClientCredentials')?.auth.scope).toBe('https://outlook.office365.com/.default');
    expect(of('ClientCredentials', 'mine')?.auth.scope).toBe('mine');
    expect(of('RefreshToken')?.auth.scope).toBeUndefined();
    const two = imap({ preset: 'gmail', limits: { connectionsPerAccount: 2 } });
    expect(resolveSource(two).spec.imap?.limits.connectionsPerAccount).toBe(2);
  });

  test.each([
    [{ tls: { mode: 'StartTLS' as const } }, 143],
    [{ tls: { mode: 'None' as const } }, 143],
    [{ tls: { mode: 'None' as const }, port: 10143 }, 10143],
    [{ tls: {} }, 993],
  ])('the port of %j is %d', (more, port) => {
    expect(resolveSource(imap(more)).spec.imap?.port).toBe(port);
  });

  test('of a Maildir', () => {
    const { spec } = resolveSource({ ...imap(), spec: { maildir: { path: 'mail', folders: { exclude: ['Spam'] } } } });
    expect(spec).toEqual({
      maildir: {
        path: 'mail',
        folders: { include: ['INBOX'], exclude: ['Spam'] },
        pollInterval: '5s',
        limits: { messageSize: '64Mi' },
      },
    });
  });

  test('of mbox files', () => {
    expect(resolveSource({ ...imap(), spec: { mbox: { path: 'mail', files: { exclude: ['*.tmp'] } } } }).spec).toEqual({
      mbox: {
        path: 'mail',
        files: { include: ['**'], exclude: ['*.tmp'] },
        format: 'Auto',
        pollInterval: '5s',
        limits: { messageSize: '64Mi' },
      },
    });
  });

  test('of a pipeline; none that only a schedule or kubectl scale needs', () => {
    expect(resolvePipeline(pipeline).spec).toEqual({
      source: { name: 'support' },
      suspend: false,
      steps: [],
      sinks: [
        {
          name: 'w',
          postgres: { secretRef: { name: 'db', key: 'uri' }, schema: 'public', table: 't', mode: 'Upsert' },
        },
      ],
      storeRef: { name: 'mailmill-store', key: 'uri' },
      retention: '90d',
    });
    const scheduled = { ...pipeline, spec: { ...pipeline.spec, schedule: '0 2 * * *' } };
    expect(resolvePipeline(scheduled).spec.timeZone).toBe('Etc/UTC');
  });

  test('what is given stays, the order of `set` included, and nothing is shared with the argument', () => {
    const set = { b: '1', a: '2' };
    const given = { ...pipeline, spec: { ...pipeline.spec, steps: [{ name: 's', set }], retention: '1d' } };
    const { spec } = resolvePipeline(given);
    expect(spec.retention).toBe('1d');
    expect(Object.keys(spec.steps[0]?.set ?? {})).toEqual(['b', 'a']);
    expect(spec.steps[0]?.set).not.toBe(set);
  });

  test('a default is a fresh copy each time, and null counts as absent', () => {
    const schema = Closed(
      { list: Type.Optional(Type.Array(Text({ description: 'x', maxLength: 1 }), listOptions)) },
      { description: 'x' },
    );
    const first = resolve(schema, { list: null });
    expect(first).toEqual({ list: ['a'] });
    expect(resolve(schema, {})).not.toBe(first);
    expect((resolve(schema, {}) as { list: string[] }).list).not.toBe((first as { list: string[] }).list);
  });
});

const listOptions = {
  description: 'x',
  maxItems: 1,
  'x-kubernetes-list-type': 'atomic' as const,
  'x-mailmill-default': ['a'],
};

test('what validation accepts it accepts with its defaults, and resolving that changes nothing', () => {
  let seen = 0;
  for (const { yaml } of corpus) {
    for (const { resource } of validateObjects(loadText('a.yaml', yaml).objects).valid) {
      const once = resolveResource(resource);
      expect(validateObject({ ...once }).filter((issue) => issue.level === 'admission')).toEqual([]);
      expect(resolveResource(once)).toEqual(once);
      seen++;
    }
  }
  expect(seen).toBeGreaterThan(30);
});
