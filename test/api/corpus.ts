import { kept } from './corpus-kept.ts';
import { logins } from './corpus-logins.ts';
import { pushed } from './corpus-pushed.ts';
import { webhooks } from './corpus-webhook.ts';

/** One resource and, in words, what is special about it. */
export interface Case {
  readonly name: string;
  readonly yaml: string;
}

/** Valid resources, as people write them. */
export const base = {
  source: `apiVersion: mailmill.io/v1alpha1
kind: MailboxSource
metadata:
  name: support
  namespace: default
  labels: {team: support}
spec:
  imap:
    host: imap.example.com
    port: 993
    tls: {mode: Implicit, caSecretRef: {name: corp-ca, key: ca.crt}}
    auth: {type: Password, secretRef: {name: support-imap}}
    folders: {include: ["INBOX", "Archive/*"], exclude: ["*/Drafts"]}
    since: 90d
    limits: {connectionsPerAccount: 2, messageSize: 64Mi}
`,
  maildir: `apiVersion: mailmill.io/v1alpha1
kind: MailboxSource
metadata: {name: disk, namespace: default}
spec:
  maildir:
    persistentVolumeClaim: {claimName: mail, subPath: team/inbox}
    pollInterval: 10s
`,
  pipeline: `apiVersion: mailmill.io/v1alpha1
kind: EmailPipeline
metadata:
  name: orders
  namespace: default
spec:
  source: {name: support}
  steps:
    - name: wanted
      filter: 'subject.contains("order")'
    - name: customer
      set: {customer: 'from.domain', order: 'subject'}
    - name: slim
      unset: [html, attachments]
  sinks:
    - name: warehouse
      postgres: {secretRef: {name: analytics-db}, table: emails, mode: Upsert}
    - name: copy
      postgres: {secretRef: {name: analytics-db}, schema: archive, table: emails, columns: [id, subject]}
  retention: 30d
  template:
    resources: {requests: {cpu: 250m, memory: 256Mi}, limits: {memory: 1Gi}}
    nodeSelector: {kubernetes.io/arch: amd64}
    tolerations: [{key: mail, operator: Exists, effect: NoSchedule}]
    labels: {team: support}
    annotations: {example.com/owner: "support team"}
`,
  scheduled: `apiVersion: mailmill.io/v1alpha1
kind: EmailPipeline
metadata: {name: nightly, namespace: default}
spec:
  source: {name: support}
  schedule: "0 2 * * *"
  timeZone: Europe/Zurich
  sinks:
    - name: warehouse
      postgres: {secretRef: {name: analytics-db, key: dsn}, table: nightly}
`,
  run: `apiVersion: mailmill.io/v1alpha1
kind: EmailPipelineRun
metadata: {name: orders-now, namespace: default}
spec:
  pipeline: {name: orders}
`,
} as const;

/** A base with one text replaced; throws when it is not there, so that no case tests nothing. */
function change(yaml: string, from: string, to: string): string {
  if (!yaml.includes(from)) throw new Error(`${JSON.stringify(from)} is not in the base`);
  return yaml.replace(from, () => to);
}

const mutate = (
  of: keyof typeof base,
  changes: readonly (readonly [name: string, from: string, to: string])[],
): Case[] => changes.map(([name, from, to]) => ({ name: `${of}: ${name}`, yaml: change(base[of], from, to) }));

const many = (n: number, each: (index: number) => string): string =>
  Array.from({ length: n }, (_, i) => each(i)).join(', ');
const sinkList =
  '  sinks:\n    - name: warehouse\n      postgres: {secretRef: {name: analytics-db}, table: emails, mode: Upsert}\n';

/** Resources on both sides of every kind of rule; a differential test asks the API server what each of them is. */
export const corpus: readonly Case[] = [
  ...Object.entries({ ...base, ...kept, ...logins, ...pushed }).map(([name, yaml]) => ({ name, yaml })),
  ...webhooks,
  ...mutate('source', [
    ['no kind', '  imap:\n', '  imapp:\n'],
    ['both kinds', 'spec:\n', 'spec:\n  maildir: {path: mail}\n'],
    ['empty kind', base.source.slice(base.source.indexOf('  imap:')), '  imap: {}\n'],
    ['null kind', base.source.slice(base.source.indexOf('  imap:')), '  imap:\n'],
    ['empty spec', base.source.slice(base.source.indexOf('spec:')), 'spec: {}\n'],
    ['null spec', base.source.slice(base.source.indexOf('spec:')), 'spec:\n'],
    ['no spec', base.source.slice(base.source.indexOf('spec:')), ''],
    ['spec is a list', base.source.slice(base.source.indexOf('spec:')), 'spec: []\n'],
    ['no host', '    host: imap.example.com\n', ''],
    ['null host', 'host: imap.example.com', 'host:'],
    ['empty host', 'host: imap.example.com', 'host: ""'],
    ['host with a space', 'host: imap.example.com', 'host: imap example.com'],
    ['host is a number', 'host: imap.example.com', 'host: 143'],
    ['host too long', 'host: imap.example.com', `host: ${'a'.repeat(254)}`],
    ['host as long as it may be', 'host: imap.example.com', `host: ${'a'.repeat(253)}`],
    ['port as text', 'port: 993', 'port: "993"'],
    ['port 0', 'port: 993', 'port: 0'],
    ['port 65536', 'port: 993', 'port: 65536'],
    ['port with a fraction', 'port: 993', 'port: 993.5'],
    ['port 993.0', 'port: 993', 'port: 993.0'],
    ['port null', 'port: 993', 'port: ~'],
    ['unknown field', 'port: 993', 'prot: 993'],
    ['unknown field in a nested object', '{mode: Implicit,', '{mode: Implicit, verify: false,'],
    ['wrong enum', 'mode: Implicit', 'mode: implicit'],
    ['enum null', 'mode: Implicit', 'mode: null'],
    ['enum boolean', 'mode: Implicit', 'mode: on'],
    ['wrong secret name', '{name: support-imap}', '{name: Support_IMAP}'],
    ['secret without name', '{name: support-imap}', '{}'],
    ['secret null', 'secretRef: {name: support-imap}', 'secretRef: null'],
    ['bad secret key', 'key: ca.crt', 'key: "ca crt"'],
    ['no folders', 'include: ["INBOX", "Archive/*"]', 'include: []'],
    ['null folder', 'include: ["INBOX", "Archive/*"]', 'include: [null]'],
    ['null list', 'include: ["INBOX", "Archive/*"]', 'include: null'],
    ['folder twice', 'include: ["INBOX", "Archive/*"]', 'include: [INBOX, INBOX]'],
    ['folders as text', 'include: ["INBOX", "Archive/*"]', 'include: INBOX'],
    ['65 folders', 'include: ["INBOX", "Archive/*"]', `include: [${many(65, (i) => `f${i}`)}]`],
    ['64 folders', 'include: ["INBOX", "Archive/*"]', `include: [${many(64, (i) => `f${i}`)}]`],
    ['255 letters beyond the BMP', 'include: ["INBOX", "Archive/*"]', `include: ["${'😀'.repeat(255)}"]`],
    ['256 letters beyond the BMP', 'include: ["INBOX", "Archive/*"]', `include: ["${'😀'.repeat(256)}"]`],
    ['since a date', 'since: 90d', 'since: 2026-01-31'],
    ['since a quoted date', 'since: 90d', 'since: "2026-01-31"'],
    ['since without a unit', 'since: 90d', 'since: "90"'],
    ['since a number', 'since: 90d', 'since: 90'],
    ['since with a line break', 'since: 90d', 'since: "90d\\n"'],
    ['size without a unit', 'messageSize: 64Mi', 'messageSize: "1000"'],
    ['size in MB', 'messageSize: 64Mi', 'messageSize: 64MB'],
    ['65 connections', 'connectionsPerAccount: 2', 'connectionsPerAccount: 65'],
    ['connections with an exponent', 'connectionsPerAccount: 2', 'connectionsPerAccount: 1e1'],
    ['octal connections', 'connectionsPerAccount: 2', 'connectionsPerAccount: 010'],
    ['no name', '  name: support\n', ''],
    ['name in capitals', 'name: support\n', 'name: Support\n'],
    ['name is a boolean of YAML 1.1', 'name: support\n', 'name: no\n'],
    ['name is one letter', 'name: support\n', 'name: y\n'],
    ['name of 40', 'name: support\n', `name: ${'a'.repeat(40)}\n`],
    ['name of 41', 'name: support\n', `name: ${'a'.repeat(41)}\n`],
    ['name with dots', 'name: support\n', 'name: support.example.com\n'],
    ['name with two dots', 'name: support\n', 'name: support..com\n'],
    ['generated name', 'name: support\n', 'generateName: support-\n'],
    ['generated name of 36', 'name: support\n', `generateName: ${'a'.repeat(36)}\n`],
    ['generated name of 35', 'name: support\n', `generateName: ${'a'.repeat(35)}\n`],
    ['unknown metadata', 'name: support\n', 'name: support\n  owner: me\n'],
    ['resource version', 'name: support\n', 'name: support\n  resourceVersion: "7"\n'],
    ['label is a number', '{team: support}', '{team: 7}'],
    ['label with a space', '{team: support}', '{team: a b}'],
    ['label key with a space', '{team: support}', '{"a b": c}'],
    ['label key with a prefix', '{team: support}', '{example.com/team: support}'],
    ['label null', '{team: support}', '{team: }'],
    ['unknown root field', 'spec:\n', 'data: {}\nspec:\n'],
    ['status', 'spec:\n', 'status: {observedGeneration: 1}\nspec:\n'],
    ['status of the wrong type', 'spec:\n', 'status: {observedGeneration: x}\nspec:\n'],
    ['unknown field in status', 'spec:\n', 'status: {ready: true}\nspec:\n'],
    ['field twice', 'port: 993', 'port: 993\n    port: 143'],
  ]),
  ...mutate('maildir', [
    ['path and claim', '  maildir:\n', '  maildir:\n    path: ./mail\n'],
    ['neither', '    persistentVolumeClaim: {claimName: mail, subPath: team/inbox}\n', ''],
    ['path', 'persistentVolumeClaim: {claimName: mail, subPath: team/inbox}', 'path: ../mail'],
    ['absolute path below the volume', 'subPath: team/inbox', 'subPath: /team/inbox'],
    ['carriage return in a path', 'subPath: team/inbox', 'subPath: "team\\rinbox"'],
    ['line break in a path', 'subPath: team/inbox', 'subPath: "team\\ninbox"'],
    ['up and out of the volume', 'subPath: team/inbox', 'subPath: team/../../inbox'],
    ['only up', 'subPath: team/inbox', 'subPath: ..'],
    ['two dots in a name', 'subPath: team/inbox', 'subPath: team..a/inbox'],
    ['line separator in a path', 'subPath: team/inbox', 'subPath: "team\\u2028inbox"'],
    ['interval of 0', 'pollInterval: 10s', 'pollInterval: 0s'],
    ['empty path', 'persistentVolumeClaim: {claimName: mail, subPath: team/inbox}', 'path: ""'],
  ]),
  ...mutate('pipeline', [
    ['no source', '  source: {name: support}\n', ''],
    ['source as text', 'source: {name: support}', 'source: support'],
    ['source of 41 characters', 'source: {name: support}', `source: {name: ${'s'.repeat(41)}}`],
    ['two kinds in a step', 'filter:', "set: {a: 'b'}\n      filter:"],
    ['no kind in a step', '      filter: \'subject.contains("order")\'\n', ''],
    ['null kind in a step', 'filter: \'subject.contains("order")\'', 'filter:'],
    ['steps of one name', 'name: customer', 'name: wanted'],
    ['step without a name', '    - name: slim\n      unset:', '    - unset:'],
    ['step name in capitals', 'name: slim', 'name: Slim'],
    ['step name of 41', 'name: slim', `name: ${'s'.repeat(41)}`],
    [
      'steps null',
      base.pipeline.slice(base.pipeline.indexOf('  steps:'), base.pipeline.indexOf('  sinks:')),
      '  steps:\n',
    ],
    ['step null', '    - name: slim\n', '    -\n    - name: slim\n'],
    ['empty filter', '\'subject.contains("order")\'', '""'],
    ['filter is a boolean', '\'subject.contains("order")\'', 'true'],
    ['filter is not CEL', '\'subject.contains("order")\'', '"]["'],
    ['filter of 4096', '\'subject.contains("order")\'', `"${'a'.repeat(4096)}"`],
    ['filter of 4097', '\'subject.contains("order")\'', `"${'a'.repeat(4097)}"`],
    ['set nothing', "{customer: 'from.domain', order: 'subject'}", '{}'],
    ['set a number', "customer: 'from.domain'", 'customer: 1'],
    ['set null', "customer: 'from.domain'", 'customer: null'],
    ['set a field with a dash', "customer: 'from.domain'", "cust-omer: 'from.domain'"],
    ['set a field with a line break', "customer: 'from.domain'", '"customer\\n": from.domain'],
    ['set a field of 59', "customer: 'from.domain'", `${'c'.repeat(59)}: 'from.domain'`],
    ['set a field of 60', "customer: 'from.domain'", `${'c'.repeat(60)}: 'from.domain'`],
    ['set 64 fields', "{customer: 'from.domain', order: 'subject'}", `{${many(64, (i) => `f${i}: x`)}}`],
    ['set 65 fields', "{customer: 'from.domain', order: 'subject'}", `{${many(65, (i) => `f${i}: x`)}}`],
    ['unset twice', '[html, attachments]', '[html, html]'],
    ['unset nothing', '[html, attachments]', '[]'],
    ['no sinks', base.pipeline.slice(base.pipeline.indexOf('  sinks:'), base.pipeline.indexOf('  retention:')), ''],
    [
      'empty sinks',
      base.pipeline.slice(base.pipeline.indexOf('  sinks:'), base.pipeline.indexOf('  retention:')),
      '  sinks: []\n',
    ],
    ['same table', 'schema: archive, ', ''],
    ['same table, default schema written out', 'schema: archive', 'schema: public'],
    ['same table of another database', 'analytics-db}, schema: archive', 'other-db}, schema: public'],
    ['sinks of one name', 'name: copy', 'name: warehouse'],
    ['sink without a kind', '      postgres: {secretRef: {name: analytics-db}, table: emails, mode: Upsert}\n', ''],
    ['unknown sink', sinkList, `${sinkList}    - {name: hook, kafka: {topic: mail}}\n`],
    [
      '17 sinks',
      sinkList,
      `  sinks:\n${Array.from({ length: 16 }, (_, i) => `    - {name: s${i}, postgres: {secretRef: {name: db}, table: t${i}}}\n`).join('')}`,
    ],
    [
      '16 sinks',
      sinkList,
      `  sinks:\n${Array.from({ length: 15 }, (_, i) => `    - {name: s${i}, postgres: {secretRef: {name: db}, table: t${i}}}\n`).join('')}`,
    ],
    ['table in capitals', 'table: emails, mode', 'table: Emails, mode'],
    ['no table', 'table: emails, mode: Upsert', 'mode: Upsert'],
    ['unknown mode', 'mode: Upsert', 'mode: Append'],
    ['column twice', 'columns: [id, subject]', 'columns: [id, id]'],
    ['time zone without a schedule', '  retention: 30d\n', '  retention: 30d\n  timeZone: Europe/Zurich\n'],
    ['replicas', '  retention: 30d\n', '  retention: 30d\n  replicas: 2\n'],
    ['no replicas', '  retention: 30d\n', '  retention: 30d\n  replicas: 0\n'],
    ['65 replicas', '  retention: 30d\n', '  retention: 30d\n  replicas: 65\n'],
    ['negative replicas', '  retention: 30d\n', '  retention: 30d\n  replicas: -1\n'],
    ['suspend', '  retention: 30d\n', '  retention: 30d\n  suspend: true\n'],
    ['suspend: yes', '  retention: 30d\n', '  retention: 30d\n  suspend: yes\n'],
    ['suspend: y', '  retention: 30d\n', '  retention: 30d\n  suspend: y\n'],
    ['suspend as text', '  retention: 30d\n', '  retention: 30d\n  suspend: "true"\n'],
    ['store', '  retention: 30d\n', '  retention: 30d\n  storeRef: {name: store}\n'],
    ['empty store', '  retention: 30d\n', '  retention: 30d\n  storeRef: {}\n'],
    ['retention in years', 'retention: 30d', 'retention: 1y'],
    ['a cpu that is a number', 'cpu: 250m', 'cpu: 1'],
    ['a cpu that is none', 'cpu: 250m', 'cpu: lots'],
    ['a whole pod spec', '    labels: {team: support}\n', '    containers: []\n'],
    ['node label that is a boolean', '{kubernetes.io/arch: amd64}', '{gpu: true}'],
    ['node label without a key', '{kubernetes.io/arch: amd64}', '{"": amd64}'],
    ['node label key with a space', '{kubernetes.io/arch: amd64}', '{"a b": amd64}'],
    ['node label value with a space', '{kubernetes.io/arch: amd64}', '{arch: "a b"}'],
    ['node label value of 64', '{kubernetes.io/arch: amd64}', `{arch: ${'a'.repeat(64)}}`],
    ['node label that is empty', '{kubernetes.io/arch: amd64}', '{arch: ""}'],
    ['toleration with a wrong effect', 'effect: NoSchedule', 'effect: NoSchedul'],
    ['toleration without a list', '[{key: mail, operator: Exists, effect: NoSchedule}]', '{key: mail}'],
    ['labels of ours', '    labels: {team: support}\n', '    labels: {mailmill.io/pipeline: other}\n'],
    ['annotation with spaces', '"support team"', '"any text, ü, at all"'],
    ['annotation key with a space', 'example.com/owner:', '"example.com/the owner":'],
    ['annotation key with two slashes', 'example.com/owner:', 'example.com/a/b:'],
  ]),
  ...mutate('scheduled', [
    ['replicas', '  timeZone:', '  replicas: 1\n  timeZone:'],
    ['four fields', '"0 2 * * *"', '"0 2 * *"'],
    ['@daily', '"0 2 * * *"', '"@daily"'],
    ['time zone with a space', 'Europe/Zurich', 'Europe Zurich'],
    ['schedule null', 'schedule: "0 2 * * *"', 'schedule:'],
    ['reconcile', '  timeZone:', '  reconcile: {schedule: "0 3 * * *", timeZone: Europe/Zurich}\n  timeZone:'],
    ['reconcile of four fields', '  timeZone:', '  reconcile: {schedule: "0 3 * *"}\n  timeZone:'],
    ['reconcile: never', '  timeZone:', '  reconcile: {}\n  timeZone:'],
    ['empty key', 'key: dsn', 'key: ""'],
  ]),
  ...mutate('run', [
    ['no pipeline', '  pipeline: {name: orders}\n', '  {}\n'],
    ['pipeline null', '{name: orders}', ''],
    ['an unknown field', '  pipeline: {name: orders}\n', '  pipeline: {name: orders}\n  rewind: {}\n'],
    ['replay of nothing', '  pipeline: {name: orders}\n', '  pipeline: {name: orders}\n  replay: {}\n'],
    ['replay of dead letters', '  pipeline: {name: orders}\n', '  pipeline: {name: orders}\n  replay: {only: Dead}\n'],
    [
      'replay of a range',
      '  pipeline: {name: orders}\n',
      '  pipeline: {name: orders}\n  replay: {since: 2026-11-01, until: "2026-11-01T12:30:00Z"}\n',
    ],
    [
      'replay that ends before it begins',
      '  pipeline: {name: orders}\n',
      '  pipeline: {name: orders}\n  replay: {since: 2026-11-02, until: 2026-11-01}\n',
    ],
    [
      'replay of no day',
      '  pipeline: {name: orders}\n',
      '  pipeline: {name: orders}\n  replay: {since: 2026-13-01, until: 2027-01-01}\n',
    ],
    [
      'replay of ids',
      '  pipeline: {name: orders}\n',
      '  pipeline: {name: orders}\n  replay: {ids: [0190a8f0-0000-8000-8000-000000000000]}\n',
    ],
    ['replay of no id', '  pipeline: {name: orders}\n', '  pipeline: {name: orders}\n  replay: {ids: [x]}\n'],
    [
      'two kinds of a run',
      '  pipeline: {name: orders}\n',
      '  pipeline: {name: orders}\n  load: Full\n  replay: {only: Dead}\n',
    ],
    ['full load', '  pipeline: {name: orders}\n', '  pipeline: {name: orders}\n  load: Full\n  dryRun: true\n'],
    ['backfill', '  pipeline: {name: orders}\n', '  pipeline: {name: orders}\n  backfill: {since: 2020-01-01}\n'],
    [
      'backfill without since',
      '  pipeline: {name: orders}\n',
      '  pipeline: {name: orders}\n  backfill: {until: 2020-01-01}\n',
    ],
    ['generated name', 'name: orders-now', 'generateName: orders-'],
    ['empty name', 'name: orders-now', 'name: ""'],
    ['annotations', '{name: orders-now,', '{name: orders-now, annotations: {Example.com/Why: "because"},'],
    ['annotation key with a space', '{name: orders-now,', '{name: orders-now, annotations: {"a b": "because"},'],
  ]),
];
