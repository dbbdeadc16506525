import { expect, test } from 'vitest';
import { loadText } from '../../src/api/load.ts';
import { validateObjects } from '../../src/api/validate.ts';
import { logins } from './corpus-logins.ts';

const errors = (yaml: string) =>
  validateObjects(loadText('source.yaml', yaml).objects)
    .issues.filter(({ level }) => level !== 'note')
    .map(({ path, message }) => `${path}: ${message}`);

const wrong: Readonly<Record<string, string>> = {
  'login: consent without a key': 'spec: grant RefreshToken needs encryption.keyRef',
  'login: no grant': 'spec.imap.auth: type OAuth2 needs tokenUrl and grant',
  'login: no token endpoint': 'spec.imap.auth: type OAuth2 needs tokenUrl and grant',
  'login: application without a secret': 'spec.imap.auth: grant ClientCredentials needs a client secret',
  'login: OAuth2 fields with a password': 'need type OAuth2',
  'login: administrator with OAuth2': 'spec.imap.auth: loginAs needs type Password',
  'login: token endpoint over http': 'spec.imap.auth.tokenUrl: must begin with https://',
  'login: token endpoint that only begins like loopback': 'spec.imap.auth.tokenUrl: must begin with https://',
  'login: token endpoint with a password': 'spec.imap.auth.tokenUrl: must match',
  'accounts: a list and a table': 'spec.imap.accounts: exactly one of secretRef and table',
  'accounts: none, and no login': 'spec.imap: auth.secretRef is missing, or accounts',
  'accounts: a password for all': 'spec.imap: with accounts, auth.secretRef is what they share',
  'accounts: an administrator without a login': 'spec.imap: with accounts, auth.secretRef is what they share',
  'accounts: a table with a name that is none': 'spec.imap.accounts.table.table: must match',
  'login: proxy with a password': 'spec.imap.proxy.url: must match',
  'login: proxy of another kind': 'spec.imap.proxy.url: must match',
  'login: client certificate without TLS': 'spec.imap.tls: certificateSecretRef and serverName need TLS',
};

test.each(Object.entries(logins))('%s', (name, yaml) => {
  const expected = wrong[name];
  if (expected === undefined) expect(errors(yaml)).toEqual([]);
  else {
    expect(errors(yaml)).toHaveLength(1);
    expect(errors(yaml)[0]).toContain(expected);
  }
});
