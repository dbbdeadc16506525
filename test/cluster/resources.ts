import type { Dovecot } from '../support/dovecot.ts';

/** Objects of the tests, as people would write them. */
const apiVersion = 'mailmill.io/v1alpha1';

/** A tenant's namespace that admits only pods of the `restricted` level. */
export const namespace = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } },
});

export const secret = (namespace: string, name: string, stringData: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  stringData,
});

/** An IMAP source of a test's Dovecot by implicit TLS; needs the Secrets `NAME-login` and `imap-ca`. */
export const imapSource = (
  namespace: string,
  name: string,
  dovecot: Pick<Dovecot, 'host' | 'tlsPort'>,
  more: Readonly<Record<string, unknown>> = {},
) => ({
  apiVersion,
  kind: 'MailboxSource',
  metadata: { name, namespace },
  spec: {
    imap: {
      host: dovecot.host,
      port: dovecot.tlsPort,
      tls: { caSecretRef: { name: 'imap-ca' } },
      auth: { secretRef: { name: `${name}-login` } },
      ...more,
    },
  },
});

/** A pipeline from a source into a table of the database that the Secret `warehouse` names. */
export const pipeline = (
  namespace: string,
  name: string,
  source: string,
  table: string,
  more: Readonly<Record<string, unknown>> = {},
) => ({
  apiVersion,
  kind: 'EmailPipeline',
  metadata: { name, namespace },
  spec: {
    source: { name: source },
    sinks: [{ name: 'warehouse', postgres: { secretRef: { name: 'warehouse' }, table } }],
    ...more,
  },
});

export const pipelineRun = (namespace: string, name: string, pipeline: string) => ({
  apiVersion,
  kind: 'EmailPipelineRun',
  metadata: { name, namespace },
  spec: { pipeline: { name: pipeline } },
});
