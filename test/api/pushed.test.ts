import { expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { resolveSource } from '../../src/api/resolve.ts';
import { validateObjects } from '../../src/api/validate.ts';
import { pushed } from './corpus-pushed.ts';

const errors = (yaml: string) =>
  validateObjects(loadText('source.yaml', yaml).objects)
    .issues.filter(({ level }) => level !== 'note')
    .map(({ path, message }) => `${path}: ${message}`);

const wrong: Readonly<Record<string, string>> = {
  'smtp: no recipients': 'spec.smtp.recipients: is required',
  'smtp: a recipient without a domain': 'spec.smtp.recipients[0]: must match',
  'smtp: a login in the clear': 'spec.smtp: auth needs tls',
  'smtp: TLS without a certificate': 'spec.smtp.tls.certificateSecretRef: is required',
  'smtp: a network as a load balancer': 'spec.smtp.proxyProtocolFrom[0]: must match',
  'smtp: and http': 'spec: exactly one kind of source must be set',
  'http: no token': 'spec.http.auth: is required',
  'http: a path with a query': 'spec.http.path: must match',
  'maildir: with a store': 'spec: storeRef is for',
};

test.each(Object.entries(pushed))('%s', (name, yaml) => {
  const expected = wrong[name];
  if (expected === undefined) expect(errors(yaml)).toEqual([]);
  else {
    expect(errors(yaml)).toHaveLength(1);
    expect(errors(yaml)[0]).toContain(expected);
  }
});

test('every default is filled in', () => {
  const resolved = (spec: Parameters<typeof resolveSource>[0]['spec']) =>
    resolveSource({ apiVersion: 'mailmill.io/v1alpha1', kind: 'MailboxSource', metadata: { name: 'desk' }, spec }).spec;
  const limits = { messageSize: '64Mi', keptSize: '20Gi', connections: 100 };
  const common = { keep: '7d', repeatWindow: '5d' };
  const storeRef = { name: 'mailmill-store', key: 'uri' };
  const certificateSecretRef = { name: 'cert' };
  expect(resolved({ smtp: { recipients: ['*@example.org'], tls: { certificateSecretRef } } })).toEqual({
    smtp: {
      protocol: 'SMTP',
      port: 2525,
      recipients: ['*@example.org'],
      tls: { mode: 'StartTLS', required: false, certificateSecretRef },
      ...common,
      limits: { ...limits, recipients: 100 },
    },
    storeRef,
  });
  expect(resolved({ http: { auth: { secretRef: { name: 'push' } } }, storeRef: { name: 'db' } })).toEqual({
    http: { port: 8025, path: '/messages', auth: { secretRef: { name: 'push', key: 'token' } }, ...common, limits },
    storeRef: { name: 'db', key: 'uri' },
  });
});
