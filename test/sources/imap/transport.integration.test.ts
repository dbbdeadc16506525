import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapSpec } from '../../../src/api/kinds/imap.ts';
import { createSource } from '../../../src/sources/registry.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { eventually } from '../../support/processes.ts';
import { type ProxyServerOptions, startProxy } from '../../support/proxy-server.ts';
import { dependencies, failure, never, openSession } from '../support.ts';

let dovecot: Dovecot;
/** Wants a certificate of everybody, and has a certificate for mail.example alone beside its addresses. */
let strict: Dovecot;

beforeAll(async () => {
  dovecot = await startDovecot({ masters: { admin: 'adm1n', 'ops/admin': 'adm1n' } });
  strict = await startDovecot({ clientCertificates: true, names: ['mail.example'] });
  for (const server of [dovecot, strict]) server.deliver('anna', 'INBOX', 'Subject: hers\r\n\r\nbody\r\n');
  dovecot.makeFolder('admin', 'INBOX');
});
afterAll(async () => {
  await dovecot?.stop();
  await strict?.stop();
});

function source(server: Dovecot, spec: Partial<ImapSpec> = {}, secrets: Readonly<Record<string, string>> = {}) {
  const imap: ImapSpec = {
    host: server.host,
    port: server.tlsPort,
    tls: { caSecretRef: { name: 'ca' } },
    auth: { secretRef: { name: 'login' } },
    ...spec,
  };
  const all = { 'login/username': 'anna', 'login/password': 'secret', 'ca/ca.crt': server.ca, ...secrets };
  return createSource({ name: 'mail', imap }, dependencies(all));
}

async function mails(server: Dovecot, spec?: Partial<ImapSpec>, secrets?: Readonly<Record<string, string>>) {
  const mail = await source(server, spec, secrets);
  await using session = await openSession(mail);
  expect(await mail.accounts(never)).toEqual(['anna']);
  return (await session.select('INBOX', never)).exists;
}

describe('an administrator', () => {
  const secrets = { 'login/adminUsername': 'admin', 'login/password': 'adm1n' };
  for (const loginAs of ['AuthorizationIdentity', 'MasterUser'] as const) {
    const auth = { secretRef: { name: 'login' }, loginAs };
    it(`reads the mailbox of another by ${loginAs}`, async () => {
      expect(await mails(dovecot, { auth }, secrets)).toBe(1);
    });
    it(`with a wrong password is rejected by ${loginAs}, without a name in the error`, async () => {
      const mail = await source(dovecot, { auth }, { ...secrets, 'login/password': 'wrong' });
      const error = await failure(openSession(mail));
      expect(error).toMatchObject({ family: 'Stalled', code: 'IMAP_AUTH_REJECTED' });
      expect(String(error)).not.toMatch(/anna|wrong/);
    });
  }

  it('who is none does not read the own mailbox instead', async () => {
    const auth = { secretRef: { name: 'login' }, loginAs: 'AuthorizationIdentity' } as const;
    const own = { 'login/username': 'admin', 'login/adminUsername': 'anna', 'login/password': 'secret' };
    expect(await failure(openSession(await source(dovecot, { auth }, own)))).toMatchObject({
      family: 'Stalled',
      code: 'IMAP_AUTH_REJECTED',
      message: expect.stringContaining('adminUsername'),
    });
  });

  it('whose name has a slash keeps the authorization identity', async () => {
    const auth = { secretRef: { name: 'login' }, loginAs: 'AuthorizationIdentity' } as const;
    expect(await mails(dovecot, { auth }, { ...secrets, 'login/adminUsername': 'ops/admin' })).toBe(1);
  });
});

describe('a client certificate', () => {
  const pem = (name: string) => fs.readFileSync(path.join(strict.certificates, name), 'utf8');
  const tls = { caSecretRef: { name: 'ca' }, certificateSecretRef: { name: 'pair' } };
  const pair = () => ({ 'pair/tls.crt': pem('client.crt'), 'pair/tls.key': pem('client.key') });

  it('opens a server that asks for one', async () => {
    expect(await mails(strict, { tls }, pair())).toBe(1);
    expect(await mails(strict, { tls: { ...tls, mode: 'StartTLS' }, port: strict.port }, pair())).toBe(1);
  });

  it('is missed by that server', async () => {
    const error = await failure(openSession(await source(strict)));
    expect(error).toMatchObject({ family: 'Stalled', code: 'IMAP_TLS_FAILED' });
    expect((error as Error).message).toContain('certificateSecretRef');
  });

  it('that is none, or has another key, stalls before anything is sent', async () => {
    for (const wrong of [{ 'pair/tls.key': 'no key' }, { 'pair/tls.key': pem('server.key') }]) {
      const mail = await source(strict, { tls }, { ...pair(), ...wrong });
      expect(await failure(openSession(mail))).toMatchObject({ family: 'Stalled', code: 'IMAP_CERTIFICATE_INVALID' });
    }
  });

  it('of the server may be for another name', async () => {
    const named = { ...tls, serverName: 'mail.example' };
    expect(await mails(strict, { tls: named }, pair())).toBe(1);
    const other = await source(strict, { tls: { ...tls, serverName: 'other.example' } }, pair());
    expect(await failure(openSession(other))).toMatchObject({ code: 'IMAP_TLS_FAILED' });
    const starttls = { ...named, mode: 'StartTLS', serverName: 'other.example' } as const;
    const late = await source(strict, { tls: starttls, port: strict.port }, pair());
    expect(await failure(openSession(late))).toMatchObject({ code: 'IMAP_TLS_FAILED' });
  });
});

describe('a proxy', () => {
  const through = (scheme: string, port: number, login = false) => ({
    proxy: { url: `${scheme}://127.0.0.1:${port}`, ...(login && { secretRef: { name: 'proxy' } }) },
  });
  for (const [scheme, kind] of [
    ['http', 'CONNECT'],
    ['socks5', 'SOCKS5'],
  ] as const) {
    it(`by ${kind} resolves the name of the server, and leaves nothing open`, async () => {
      await using proxy = await startProxy({ names: { localhost: '127.0.0.1' } });
      expect(await mails(dovecot, { host: 'localhost', ...through(scheme, proxy.port) })).toBe(1);
      expect(proxy.ways).toEqual([`${kind} localhost:${dovecot.tlsPort}`]);
      await eventually(() => proxy.open() === 0);
      const starttls = { tls: { mode: 'StartTLS' as const, caSecretRef: { name: 'ca' } }, port: dovecot.port };
      expect(await mails(dovecot, { ...starttls, ...through(scheme, proxy.port) })).toBe(1);
    });

    it(`by ${kind} asks for a login`, async () => {
      await using proxy = await startProxy({ user: 'worker', password: 'pr0xy-secret' });
      const login = { 'proxy/username': 'worker', 'proxy/password': 'pr0xy-secret' };
      expect(await mails(dovecot, through(scheme, proxy.port, true), login)).toBe(1);
      const wrong = { ...login, 'proxy/password': 'wr0ng-secret' };
      for (const [spec, secrets] of [
        [through(scheme, proxy.port), {}],
        [through(scheme, proxy.port, true), wrong],
      ] as const) {
        const error = await failure(openSession(await source(dovecot, spec, secrets)));
        expect(error).toMatchObject({ family: 'Stalled', code: 'PROXY_AUTH_REJECTED' });
        const { cause } = error as Error;
        expect(`${error}${JSON.stringify(error)}${cause}${JSON.stringify(cause)}`).not.toContain('wr0ng');
      }
    });

    const answers: readonly (readonly [string, ProxyServerOptions, string, string])[] = [
      ['does not allow it', { refuse: { http: 403, socks: 2 } }, 'Stalled', 'PROXY_REFUSED'],
      ['does not reach the server', { refuse: { http: 502, socks: 4 } }, 'Transient', 'PROXY_NO_WAY'],
    ];
    for (const [what, options, family, code] of answers)
      it(`by ${kind} that ${what} is ${family}`, async () => {
        await using proxy = await startProxy(options);
        const mail = await source(dovecot, through(scheme, proxy.port));
        expect(await failure(openSession(mail))).toMatchObject({ family, code });
      });

    it(`by ${kind} that is not there is Transient`, async () => {
      const error = await failure(openSession(await source(dovecot, through(scheme, 1))));
      expect(error).toMatchObject({ family: 'Transient', code: 'PROXY_UNREACHABLE' });
      expect((error as Error).message).toContain('ECONNREFUSED');
    });
  }

  it('takes a login with any characters by CONNECT; by SOCKS5 it is said that it cannot', async () => {
    const password = 'p@ss:w/rd%20ü';
    await using proxy = await startProxy({ user: 'worker', password });
    const login = { 'proxy/username': 'worker', 'proxy/password': password };
    expect(await mails(dovecot, through('http', proxy.port, true), login)).toBe(1);
    const socks = await source(dovecot, through('socks5', proxy.port, true), login);
    expect(await failure(openSession(socks))).toMatchObject({ family: 'Stalled', code: 'PROXY_LOGIN_INVALID' });
  });
});
