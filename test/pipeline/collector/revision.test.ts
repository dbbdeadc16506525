import { describe, expect, test } from 'vitest';
import type { MailboxSourceSpec } from '../../../src/api/mailbox-source.ts';
import { resolveSource } from '../../../src/api/resolve.ts';
import { collectorPort, collectorSecrets, compileCollector } from '../../../src/pipeline/collector/revision.ts';
import { compilePipeline } from '../../../src/pipeline/revision/compile.ts';

const smtp = { recipients: ['*@example.org'] };
const cert = { certificateSecretRef: { name: 'cert' } };

function compiled(spec: MailboxSourceSpec) {
  const metadata = { name: 'desk' };
  const resolved = resolveSource({ apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata, spec });
  const revision = compileCollector('ns', 'desk', resolved.spec);
  if (!revision) throw new Error('no collector');
  return revision;
}

const secrets = (spec: MailboxSourceSpec) => collectorSecrets(compiled(spec)).map(({ name, key }) => `${name}/${key}`);

describe('a compiled source', () => {
  test('has a hash that follows from what it says, whatever the order', () => {
    const one = compiled({ smtp: { ...smtp, keep: '1d' } });
    expect(compiled({ smtp: { keep: '1d', ...smtp } })).toEqual(one);
    expect(JSON.stringify(compiled({ smtp: { keep: '1d', ...smtp } }))).toBe(JSON.stringify(one));
    expect(compiled({ smtp: { ...smtp, keep: '2d' } }).hash).not.toBe(one.hash);
    expect(one.hash).toMatch(/^[0-9a-f]{10}$/);
  });

  test('names its port and the Secrets that it reads', () => {
    expect(collectorPort(compiled({ smtp }))).toBe(2525);
    expect(collectorPort(compiled({ http: { port: 9000, auth: { secretRef: { name: 'push' } } } }))).toBe(9000);
    expect(secrets({ smtp })).toEqual(['mailmill-store/uri']);
    expect(secrets({ smtp: { ...smtp, tls: cert, auth: { secretRef: { name: 'login' } } } })).toEqual([
      'cert/tls.crt',
      'cert/tls.key',
      'login/password',
      'login/username',
      'mailmill-store/uri',
    ]);
    expect(
      secrets({ http: { tls: cert, auth: { secretRef: { name: 'push', key: 't' } } }, storeRef: { name: 'db' } }),
    ).toEqual(['cert/tls.crt', 'cert/tls.key', 'db/uri', 'push/t']);
  });

  test('is none for sources that are read', () => {
    expect(compileCollector('ns', 'box', {})).toBeUndefined();
  });
});

describe('a pipeline of such a source', () => {
  const pipeline = (storeRef?: { name: string; key?: string }) =>
    compilePipeline(
      {
        metadata: { name: 'mail', namespace: 'ns' },
        spec: {
          source: { name: 'desk' },
          sinks: [{ name: 'w', postgres: { secretRef: { name: 'db' }, table: 't' } }],
          ...(storeRef && { storeRef }),
        },
      },
      [{ metadata: { name: 'desk' }, spec: { smtp: { ...smtp, tls: cert } } }],
    );

  test('knows that mail is pushed and needs none of the Secrets of the listener', () => {
    const result = pipeline();
    expect(result).toMatchObject({ ok: true, revision: { sources: [{ name: 'desk', pushed: { by: 'smtp' } }] } });
    expect(result.ok && result.secrets).toEqual([
      { name: 'db', key: 'uri' },
      { name: 'mailmill-store', key: 'uri' },
    ]);
    expect(result.ok && result.revision.sources).toEqual([{ name: 'desk', pushed: { by: 'smtp' } }]);
  });

  test('must have the store of the source', () => {
    expect(pipeline({ name: 'other' })).toMatchObject({
      ok: false,
      issues: [{ path: 'spec.storeRef', message: expect.stringContaining('another store') }],
    });
    expect(pipeline({ name: 'mailmill-store', key: 'other' }).ok).toBe(false);
  });
});
