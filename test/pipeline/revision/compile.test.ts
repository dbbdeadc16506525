import { describe, expect, it } from 'vitest';
import type { EmailPipelineSpec } from '../../../src/api/email-pipeline.ts';
import type { MailboxSourceSpec } from '../../../src/api/mailbox-source.ts';
import { compilePipeline, referencedSecrets } from '../../../src/pipeline/revision/compile.ts';
import { sourceSecrets } from '../../../src/pipeline/revision/source-secrets.ts';

const imapSpec: MailboxSourceSpec = {
  imap: {
    host: 'imap.example.org',
    tls: { caSecretRef: { name: 'corp-ca' } },
    auth: { secretRef: { name: 'support-imap' } },
    folders: { include: ['INBOX', 'Archive/*'] },
    since: '90d',
  },
};
const maildirSpec: MailboxSourceSpec = { maildir: { path: 'mail' } };
const sources = [
  { metadata: { name: 'support' }, spec: imapSpec },
  { metadata: { name: 'files' }, spec: maildirSpec },
];
const warehouse = { name: 'warehouse', postgres: { secretRef: { name: 'analytics-db' }, table: 'emails' } };
const base: EmailPipelineSpec = { source: { name: 'support' }, sinks: [warehouse] };
const compile = (spec: Partial<EmailPipelineSpec>, metadata: { name: string; namespace?: string } = { name: 'mail' }) =>
  compilePipeline({ metadata, spec: { ...base, ...spec } }, sources);
function revision(spec: Partial<EmailPipelineSpec>, metadata?: { name: string; namespace?: string }) {
  const result = compile(spec, metadata);
  if (!result.ok) throw new Error(result.issues.map((issue) => issue.message).join('\n'));
  return result.revision;
}
function issues(spec: Partial<EmailPipelineSpec>) {
  const result = compile(spec);
  return result.ok ? [] : result.issues;
}
/** The same value with the keys of every object in reverse order. */
const reversed = <T>(value: T): T => {
  if (Array.isArray(value)) return value.map(reversed) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  ) as T;
};

describe('a revision', () => {
  const full: Partial<EmailPipelineSpec> = {
    steps: [
      { name: 'wanted', filter: 'subject.contains("order")' },
      { name: 'read', set: { order: 'subject.extract("#([0-9]+)")', customer: 'from.domain' } },
      { name: 'slim', unset: ['html'] },
    ],
    retention: '30d',
  };

  it('is this JSON', () => {
    expect(JSON.stringify(revision(full, { name: 'mail', namespace: 'team-a' }), null, 2)).toMatchInlineSnapshot(`
      "{
        "hash": "252e2f5a1f",
        "namespace": "team-a",
        "pipeline": "mail",
        "retention": "30d",
        "sinks": [
          {
            "name": "warehouse",
            "postgres": {
              "mode": "Upsert",
              "schema": "public",
              "secretRef": {
                "key": "uri",
                "name": "analytics-db"
              },
              "table": "emails"
            }
          }
        ],
        "sources": [
          {
            "imap": {
              "auth": {
                "secretRef": {
                  "name": "support-imap"
                },
                "type": "Password"
              },
              "backfill": {
                "order": "OldestFirst"
              },
              "folders": {
                "exclude": [],
                "include": [
                  "INBOX",
                  "Archive/*"
                ],
                "watch": []
              },
              "host": "imap.example.org",
              "limits": {
                "connectionsPerAccount": 4,
                "messageSize": "64Mi"
              },
              "pollInterval": "1m",
              "port": 993,
              "preset": "generic",
              "since": "90d",
              "tls": {
                "caSecretRef": {
                  "key": "ca.crt",
                  "name": "corp-ca"
                },
                "mode": "Implicit"
              }
            },
            "name": "support"
          }
        ],
        "steps": [
          {
            "filter": "subject.contains(\\"order\\")",
            "name": "wanted"
          },
          {
            "name": "read",
            "set": {
              "customer": "from.domain",
              "order": "subject.extract(\\"#([0-9]+)\\")"
            }
          },
          {
            "name": "slim",
            "unset": [
              "html"
            ]
          }
        ],
        "storeRef": {
          "key": "uri",
          "name": "mailmill-store"
        },
        "version": 1
      }"
    `);
  });

  it('is the same text whatever the order of keys', () => {
    const a = JSON.stringify(revision(full));
    const result = compilePipeline(
      reversed({ metadata: { name: 'mail' }, spec: { ...base, ...full } }),
      reversed(sources),
    );
    expect(result.ok && JSON.stringify(result.revision)).toBe(a);
  });

  it('is the same when defaults are written out', () => {
    const explicit = revision({
      steps: [],
      storeRef: { name: 'mailmill-store', key: 'uri' },
      retention: '90d',
      sinks: [
        {
          name: 'warehouse',
          postgres: {
            secretRef: { name: 'analytics-db', key: 'uri' },
            schema: 'public',
            table: 'emails',
            mode: 'Upsert',
          },
        },
      ],
    });
    expect(explicit.hash).toBe(revision({}).hash);
  });

  it('does not change with what only the operator needs', () => {
    const { hash } = revision({});
    expect(revision({ replicas: 3 }).hash).toBe(hash);
    expect(revision({ suspend: true }).hash).toBe(hash);
    expect(revision({ schedule: '0 2 * * *', timeZone: 'Europe/Zurich' }).hash).toBe(hash);
    expect(revision({ template: { labels: { a: 'b' } } }).hash).toBe(hash);
  });

  it('changes with everything that a worker does differently', () => {
    const hashes = [
      revision({}),
      revision({ steps: [{ name: 'a', filter: 'true' }] }),
      revision({ steps: [{ name: 'b', filter: 'true' }] }),
      revision({ source: { name: 'files' } }),
      revision({ storeRef: { name: 'other' } }),
      revision({ retention: '1d' }),
      revision({ sinks: [{ ...warehouse, name: 'w' }] }),
      revision({}, { name: 'other' }),
      revision({}, { name: 'mail', namespace: 'other' }),
    ].map(({ hash }) => hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{10}$/);
  });

  it('holds the source that the pipeline names and no other', () => {
    expect(revision({ source: { name: 'files' } }).sources).toMatchObject([
      { name: 'files', maildir: { path: 'mail' } },
    ]);
    expect(revision({}).sources[0]?.maildir).toBeUndefined();
  });

  it('comes with the types of the documents that reach the sinks', () => {
    const result = compile(full);
    expect(result.ok && result.types.get('order')).toBe('string');
    expect(result.ok && result.types.has('html')).toBe(false);
  });
});

describe('the keys of Secrets', () => {
  it('are those that a worker reads, sorted and each once', () => {
    const sinks = [
      warehouse,
      { name: 'copy', postgres: { secretRef: { name: 'analytics-db', key: 'uri' }, table: 'copy' } },
      { name: 'other', postgres: { secretRef: { name: 'analytics-db', key: 'dsn' }, table: 'other' } },
    ];
    const expected = [
      { name: 'analytics-db', key: 'dsn' },
      { name: 'analytics-db', key: 'uri' },
      { name: 'corp-ca', key: 'ca.crt' },
      { name: 'mailmill-store', key: 'uri' },
      { name: 'support-imap', key: 'password' },
      { name: 'support-imap', key: 'username' },
    ];
    const result = compile({ sinks });
    expect(result.ok && result.secrets).toStrictEqual(expected);
    expect(referencedSecrets(revision({ sinks }))).toStrictEqual(expected);
    expect(referencedSecrets(revision({ source: { name: 'files' } }))).toStrictEqual([
      { name: 'analytics-db', key: 'uri' },
      { name: 'mailmill-store', key: 'uri' },
    ]);
  });
});

describe('the Secret keys of a source', () => {
  const keysOf = (spec: MailboxSourceSpec) => sourceSecrets(spec).map(({ name, key }) => `${name}/${key}`);
  const imap = (more: Partial<NonNullable<MailboxSourceSpec['imap']>>) => ({
    imap: { host: 'h', auth: { secretRef: { name: 's' } }, ...more },
  });
  const oauth = { type: 'OAuth2', secretRef: { name: 's' }, tokenUrl: 'https://t/' } as const;

  it.each([
    ['a password', imap({}), ['s/password', 's/username']],
    [
      'an administrator',
      imap({ auth: { secretRef: { name: 's' }, loginAs: 'MasterUser' } }),
      ['s/adminUsername', 's/password', 's/username'],
    ],
    [
      'an application',
      imap({ auth: { ...oauth, grant: 'ClientCredentials', tokenCaSecretRef: { name: 'ca' } } }),
      ['ca/ca.crt', 's/clientId', 's/clientSecret', 's/username'],
    ],
    [
      'a consent of a public client',
      {
        ...imap({ auth: { ...oauth, grant: 'RefreshToken', clientAuthentication: 'None' } }),
        encryption: { keyRef: { name: 'k' } },
      },
      ['k/key', 's/clientId', 's/refreshToken', 's/username'],
    ],
    [
      'certificates and a proxy',
      imap({
        tls: { certificateSecretRef: { name: 'pair' }, caSecretRef: { name: 'ca', key: 'pem' } },
        proxy: { url: 'http://p', secretRef: { name: 'p' } },
      }),
      ['ca/pem', 'p/password', 'p/username', 'pair/tls.crt', 'pair/tls.key', 's/password', 's/username'],
    ],
    ['a Maildir', maildirSpec, []],
  ] as const)('of %s', (_, spec: MailboxSourceSpec, keys) => {
    expect(keysOf(spec)).toEqual(keys);
  });

  it('are those of the revision, which keeps what names them', () => {
    const spec = { ...imap({ auth: { ...oauth, grant: 'RefreshToken' } }), encryption: { keyRef: { name: 'k' } } };
    const result = compilePipeline({ metadata: { name: 'mail' }, spec: base }, [
      { metadata: { name: 'support' }, spec },
    ]);
    if (!result.ok) throw new Error(JSON.stringify(result.issues));
    expect(result.revision.sources[0]?.encryption).toEqual({ keyRef: { name: 'k', key: 'key' } });
    expect(result.secrets).toEqual(expect.arrayContaining([...sourceSecrets(spec)]));
  });
});

describe('a pipeline that cannot be compiled', () => {
  it('names a source that is not there', () => {
    expect(issues({ source: { name: 'suport' } })).toStrictEqual([
      {
        path: 'spec.source.name',
        message: 'there is no MailboxSource "suport" in this namespace',
        suggestion: 'did you mean "support"?',
      },
    ]);
  });

  it('has all issues of its source and of its first wrong step', () => {
    const spec = { source: { name: 'x' }, steps: [{ name: 'a', set: { x: 'nope', y: 'size +' } }] };
    expect(issues(spec).map(({ path }) => path)).toStrictEqual([
      'spec.source.name',
      'spec.steps[0].set.x',
      'spec.steps[0].set.y',
    ]);
  });

  const columns = (...names: string[]) => ({
    sinks: [{ ...warehouse, postgres: { ...warehouse.postgres, columns: names } }],
  });

  it('has a column that no field has', () => {
    expect(issues(columns('subject', 'recievedAt'))).toStrictEqual([
      {
        path: 'spec.sinks[0].postgres.columns[1]',
        message: 'no document has a field "recievedAt" here',
        suggestion: 'did you mean "receivedAt"?',
      },
    ]);
    expect(issues({ ...columns('html'), steps: [{ name: 'u', unset: ['html'] }] })).toHaveLength(1);
    expect(issues({ ...columns('order'), steps: [{ name: 's', set: { order: '1' } }] })).toHaveLength(0);
  });

  it('has two fields that would be one column', () => {
    const steps = [{ name: 's', set: { reply_to: '1' } }];
    expect(issues({ steps })).toStrictEqual([
      {
        path: 'spec.sinks[0].postgres',
        message: 'the fields "replyTo" and "reply_to" would both be the column reply_to',
        suggestion: 'unset one of them, or list columns',
      },
    ]);
    expect(issues({ steps, ...columns('reply_to', 'subject') })).toHaveLength(0);
    expect(issues({ steps, ...columns('reply_to', 'replyTo') })).toMatchObject([
      { path: 'spec.sinks[0].postgres.columns[1]' },
    ]);
  });

  it('has a field whose column is ours', () => {
    expect(issues({ steps: [{ name: 's', set: { _mailmillId: '1' } }] })).toMatchObject([
      {
        message:
          'the field "_mailmillId" would be the column _mailmill_id, and names that begin with _mailmill are ours',
      },
    ]);
    const extra = { steps: [{ name: 's', set: { extra: '1' } }] };
    expect(issues(extra)).toMatchObject([{ path: 'spec.sinks[0].postgres' }]);
    expect(issues({ ...extra, ...columns('extra') })).toHaveLength(0);
  });
});
