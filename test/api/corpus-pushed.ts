const source = (spec: string) => `apiVersion: mailmill.io/v1alpha1
kind: MailboxSource
metadata: {name: desk, namespace: default}
spec:
${spec}`;

const smtp = (fields: string, more = '') => source(`  smtp: {${fields}}\n${more}`);
const to = 'recipients: ["*@desk.example.org"]';
const tls = 'tls: {certificateSecretRef: {name: cert}}';

/** Sources that mail is pushed to, by what is special about them. */
export const pushed: Readonly<Record<string, string>> = {
  'smtp: recipients alone': smtp(to),
  'smtp: everything': smtp(
    `${to}, protocol: LMTP, port: 24, hostname: mx.example.org, tls: {mode: Implicit, required: true, certificateSecretRef: {name: cert}}, auth: {secretRef: {name: login}}, proxyProtocolFrom: [192.0.2.1, "2001:db8::1"], keep: 14d, repeatWindow: 1d, limits: {messageSize: 25Mi, keptSize: 50Gi, connections: 10, recipients: 50}`,
    '  storeRef: {name: db, key: uri}\n',
  ),
  'smtp: no recipients': smtp('port: 2525'),
  'smtp: a recipient without a domain': smtp('recipients: [postmaster]'),
  'smtp: a login in the clear': smtp(`${to}, auth: {secretRef: {name: login}}`),
  'smtp: a login over TLS': smtp(`${to}, ${tls}, auth: {secretRef: {name: login}}`),
  'smtp: TLS without a certificate': smtp(`${to}, tls: {mode: StartTLS}`),
  'smtp: a network as a load balancer': smtp(`${to}, proxyProtocolFrom: [10.0.0.0/8]`),
  'smtp: and http': smtp(to, '  http: {auth: {secretRef: {name: push}}}\n'),
  'http: a token alone': source('  http: {auth: {secretRef: {name: push}}}\n'),
  'http: no token': source('  http: {port: 8025}\n'),
  'http: a path with a query': source('  http: {path: "/messages?x=1", auth: {secretRef: {name: push}}}\n'),
  'maildir: with a store': source('  maildir: {path: mail}\n  storeRef: {name: db}\n'),
};
