import type { Case } from './corpus.ts';

const pipeline = (sink: string) => `apiVersion: mailmill.io/v1alpha1
kind: EmailPipeline
metadata: {name: hooks, namespace: default}
spec:
  source: {name: support}
  sinks:
    - ${sink}
`;
const hook = (webhook: string, more = '') => pipeline(`{name: hook, webhook: ${webhook}${more}}`);
const url = (text: string, more = '') => hook(`{url: ${JSON.stringify(text)}${more}}`);

const sinks: Readonly<Record<string, string>> = {
  everything: hook(
    '{url: "https://example.com/in?a=1", mode: Raw, auth: {type: Bearer, secretRef: {name: hook}}, tls: {caSecretRef: {name: ca}}, allowHttp: false, timeout: 5s, concurrency: 64}',
    ', retry: {attempts: 3, backoff: 1s, maxBackoff: 1m}, queue: {deliveries: 10, size: 1Mi}',
  ),
  least: url('https://example.com'),
  'on loopback': url('http://127.0.0.1:8080/in'),
  'on loopback by name': url('http://localhost'),
  'on loopback in IPv6': url('http://[::1]:9/in'),
  'in the cluster': url('http://receiver.team.svc:8080/in'),
  'in the cluster by its whole name': url('http://receiver.team.svc.cluster.local/in'),
  'plain http': url('http://example.com/in'),
  'plain http that looks near': url('http://localhost.example.com/in'),
  'plain http that ends near': url('http://example.com/http://localhost/'),
  'plain http to a service of others': url('http://a.svc.example.com/in'),
  'plain http that is allowed': url('http://example.com/in', ', allowHttp: true'),
  'another scheme': url('ftp://example.com/in'),
  'a login in the URL': url('https://user:password@example.com/in'),
  'a fragment in the URL': url('https://example.com/in#part'),
  'a space in the URL': url('https://example.com/in out'),
  'no URL': hook('{mode: Raw}'),
  'unknown mode': url('https://example.com', ', mode: Xml'),
  'auth without a type': url('https://example.com', ', auth: {secretRef: {name: hook}}'),
  'auth without a Secret': url('https://example.com', ', auth: {type: Bearer}'),
  'no concurrency': url('https://example.com', ', concurrency: 0'),
  'too much concurrency': url('https://example.com', ', concurrency: 65'),
  'no attempts': hook('{url: "https://example.com"}', ', retry: {attempts: 0}'),
  'an empty queue': hook('{url: "https://example.com"}', ', queue: {deliveries: 0}'),
  'told of changes': url('https://example.com', ', mode: Json, changes: [flags, expunge, move]'),
  'told of changes in the usual mode': url('https://example.com', ', changes: [move]'),
  'told of changes as mail': url('https://example.com', ', mode: Raw, changes: [flags]'),
  'told of no change': url('https://example.com', ', changes: []'),
  'told of another change': url('https://example.com', ', changes: [copy]'),
  'told of one change twice': url('https://example.com', ', changes: [flags, flags]'),
  'two kinds': hook('{url: "https://example.com"}', ', postgres: {secretRef: {name: db}, table: t}'),
  'retry of a table': pipeline('{name: t, postgres: {secretRef: {name: db}, table: t}, retry: {attempts: 3}}'),
  'queue of a table': pipeline('{name: t, postgres: {secretRef: {name: db}, table: t}, queue: {deliveries: 3}}'),
  'one URL twice': pipeline(
    '{name: a, webhook: {url: "https://example.com"}}\n    - {name: b, webhook: {url: "https://example.com"}}',
  ),
  'beside a table': pipeline(
    '{name: a, webhook: {url: "https://example.com"}}\n    - {name: b, postgres: {secretRef: {name: db}, table: t}}',
  ),
  'beside one table twice': pipeline(
    '{name: a, webhook: {url: "https://example.com"}}\n    - {name: b, postgres: {secretRef: {name: db}, table: t}}\n    - {name: c, postgres: {secretRef: {name: db}, table: t}}',
  ),
};

/** Sinks with a queue, on both sides of each rule. */
export const webhooks: readonly Case[] = Object.entries(sinks).map(([name, yaml]) => ({
  name: `webhook ${name}`,
  yaml,
}));
