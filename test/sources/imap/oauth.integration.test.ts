import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ImapSpec } from '../../../src/api/kinds/imap.ts';
import { createSource } from '../../../src/sources/registry.ts';
import { makeCertificates } from '../../support/certificates.ts';
import { type Dovecot, startDovecot } from '../../support/dovecot.ts';
import { eventually } from '../../support/processes.ts';
import { startProxy } from '../../support/proxy-server.ts';
import { startTokenServer, type TokenServer } from '../../support/token-server.ts';
import { dependencies, failure, never, openSession } from '../support.ts';

let tokens: TokenServer;
let dovecot: Dovecot;

const client = 'app-1';
const clientSecret = 'cl1ent/secret+with:marks';
const user = 'anna@example.org';

beforeAll(async () => {
  tokens = await startTokenServer({ clients: { [client]: { secret: clientSecret, user }, public: { user } } });
  dovecot = await startDovecot({ introspectionUrl: tokens.introspectionUrl });
  dovecot.makeFolder(user, 'INBOX');
});
afterAll(async () => {
  await dovecot?.stop();
  await tokens?.[Symbol.asyncDispose]();
});

interface Target {
  readonly auth?: Partial<ImapSpec['auth']>;
  readonly imap?: Partial<ImapSpec>;
  readonly secrets?: Readonly<Record<string, string>>;
}

const secretsOf = (more: Target['secrets']) => ({
  'oauth/username': user,
  'oauth/clientId': client,
  'oauth/clientSecret': clientSecret,
  ...more,
});

function source({ auth = {}, imap = {}, secrets = {} }: Target = {}) {
  const spec: ImapSpec = {
    host: dovecot.host,
    port: dovecot.port,
    tls: { mode: 'None' },
    auth: {
      type: 'OAuth2',
      grant: 'ClientCredentials',
      tokenUrl: tokens.tokenUrl,
      secretRef: { name: 'oauth' },
      ...auth,
    },
    ...imap,
  };
  return createSource({ name: 'mail', imap: spec }, dependencies(secretsOf(secrets)));
}

const requests = () => tokens.requests.length;

describe('a login by an access token', () => {
  for (const mechanism of [undefined, 'OAUTHBEARER', 'XOAUTH2'] as const) {
    it(`opens the mailbox with ${mechanism ?? 'the mechanism that the server offers'}`, async () => {
      const mail = await source({ auth: { ...(mechanism && { mechanism }) } });
      await using session = await openSession(mail);
      expect((await session.select('INBOX', never)).exists).toBe(0);
      expect([...session.capabilities].length).toBeGreaterThan(0);
    });
  }

  for (const clientAuthentication of ['Post', 'Basic'] as const) {
    it(`shows who we are by ${clientAuthentication}, and asks for the scope`, async () => {
      const scope = 'https://outlook.office365.com/.default offline_access';
      const mail = await source({ auth: { clientAuthentication, scope } });
      await using _ = await openSession(mail);
      const { form, authorization } = tokens.requests.at(-1)!;
      expect(form).toMatchObject({ grant_type: 'client_credentials', scope });
      expect(form.client_secret).toBe(clientAuthentication === 'Post' ? clientSecret : undefined);
      expect(authorization !== undefined).toBe(clientAuthentication === 'Basic');
    });
  }

  it('asks once for one token, however many sessions', async () => {
    const mail = await source();
    const before = requests();
    const sessions = await Promise.all(Array.from({ length: 8 }, () => openSession(mail)));
    for (const session of sessions) await session[Symbol.asyncDispose]();
    expect(requests() - before).toBe(1);
  });

  it('has a fresh token when it comes back after a long session', async () => {
    tokens.setLifetime(1);
    try {
      const mail = await source();
      const first = await openSession(mail);
      await first.select('INBOX', never);
      const before = requests();
      // The server goes on with a session whose token has ended; a new login needs a new token.
      await eventually(async () => {
        await using again = await openSession(mail);
        await again.select('INBOX', never);
        return requests() > before;
      });
      await first.search(1, undefined, never);
      await first[Symbol.asyncDispose]();
    } finally {
      tokens.setLifetime(3_600);
    }
  });

  it('stalls when the mail server takes no token, and recovers with a new one when it was revoked', async () => {
    let now = 0;
    const { createImapSource } = await import('../../../src/sources/imap/source.ts');
    const { resolveSource } = await import('../../../src/api/resolve.ts');
    const { spec } = resolveSource({
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'MailboxSource',
      metadata: { name: 'mail' },
      spec: {
        imap: {
          host: dovecot.host,
          port: dovecot.port,
          tls: { mode: 'None' },
          auth: {
            type: 'OAuth2',
            grant: 'ClientCredentials',
            tokenUrl: tokens.tokenUrl,
            secretRef: { name: 'oauth' },
          },
        },
      },
    });
    const mail = await createImapSource({
      name: 'mail',
      namespace: 'test',
      spec: spec.imap!,
      secret: dependencies(secretsOf({})).secret,
      monotonic: () => now,
    });
    await (await openSession(mail))[Symbol.asyncDispose]();
    const before = requests();
    tokens.revokeAccess();
    // A token that was given just now is not the one that is over.
    expect(await failure(openSession(mail))).toMatchObject({ family: 'Stalled', code: 'IMAP_TOKEN_REJECTED' });
    expect(requests()).toBe(before);
    now += 10_000;
    await (await openSession(mail))[Symbol.asyncDispose]();
    expect(requests()).toBe(before + 1);
    tokens.refuseAll(true);
    now += 10_000;
    const error = await failure(openSession(mail)).finally(() => tokens.refuseAll(false));
    expect(error).toMatchObject({ family: 'Stalled', code: 'IMAP_TOKEN_REJECTED' });
    expect(requests()).toBe(before + 2);
  });

  it('is not tried where the server offers no mechanism for it', async () => {
    const plain = await startDovecot({ tls: false });
    try {
      const { host, port } = plain;
      expect(await failure(openSession(await source({ imap: { host, port } })))).toMatchObject({
        family: 'Stalled',
        code: 'IMAP_AUTH_UNSUPPORTED',
        message: expect.stringContaining('OAUTHBEARER or XOAUTH2'),
      });
    } finally {
      await plain.stop();
    }
  });

  it('waits for the server to ask where there is no SASL-IR, and escapes the name', async () => {
    const lines: string[] = [];
    const server = net.createServer((socket) => {
      socket.write('* OK [CAPABILITY IMAP4rev1 AUTH=OAUTHBEARER AUTH=XOAUTH2] ready\r\n');
      let tag = '';
      socket.on('error', () => socket.destroy());
      socket.on('data', (chunk) => {
        const line = chunk.toString().trim();
        lines.push(line);
        const [first = '', command = ''] = line.split(' ');
        if (command === 'AUTHENTICATE') {
          tag = first;
          socket.write('+ \r\n');
        } else if (command === '') socket.end(`${tag} NO [UNAVAILABLE] later\r\n`);
        else socket.write(`${first} OK done\r\n`);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo; // a TCP server's
    try {
      const secrets = { 'oauth/username': 'a,b=c@example.org' };
      const mail = await source({ imap: { host: '127.0.0.1', port }, secrets });
      expect(await failure(openSession(mail))).toMatchObject({ code: 'IMAP_UNAVAILABLE' });
      const at = lines.findIndex((line) => line.endsWith('AUTHENTICATE OAUTHBEARER'));
      const [header, ...fields] = Buffer.from(String(lines[at + 1]), 'base64')
        .toString()
        .split('\x01');
      expect(header).toBe('n,a=a=2Cb=3Dc@example.org,');
      expect(fields).toEqual(['host=127.0.0.1', `port=${port}`, expect.stringMatching(/^auth=Bearer \S+$/), '', '']);
    } finally {
      server.close();
    }
  });
});

describe('the token endpoint', () => {
  const faults = [
    [
      { status: 400, body: '{"error":"invalid_grant"}' },
      { family: 'Stalled', code: 'OAUTH_REJECTED' },
    ],
    [
      { status: 401, body: '{"error":"invalid_client"}' },
      { family: 'Stalled', code: 'OAUTH_REJECTED' },
    ],
    [
      { status: 429, headers: { 'retry-after': '7' } },
      { family: 'Waiting', code: 'OAUTH_THROTTLED', retryAfterMs: 7_000 },
    ],
    [
      { status: 503, headers: { 'retry-after': '5' } },
      { family: 'Waiting', code: 'OAUTH_UNAVAILABLE', retryAfterMs: 5_000 },
    ],
    [{ status: 500 }, { family: 'Transient', code: 'OAUTH_UNAVAILABLE' }],
    [
      { status: 302, headers: { location: '/other' } },
      { family: 'Stalled', code: 'OAUTH_ENDPOINT_INVALID' },
    ],
  ] as const;
  for (const [fault, expected] of faults) {
    it(`that answers ${fault.status} is ${expected.family} ${expected.code}`, async () => {
      const mail = await source();
      tokens.setFault(fault);
      expect(await failure(openSession(mail)).finally(() => tokens.setFault(undefined))).toMatchObject(expected);
    });
  }

  it('is not asked again before the pause is over that it asked for', async () => {
    const mail = await source();
    tokens.setFault({ status: 429, headers: { 'retry-after': '60' } });
    const before = requests();
    const errors = [await failure(openSession(mail)), await failure(openSession(mail))];
    tokens.setFault(undefined);
    for (const error of errors) expect(error).toMatchObject({ family: 'Waiting', code: 'OAUTH_THROTTLED' });
    expect(requests() - before).toBe(1);
  });

  it('that is down at the start is Transient, and nothing is open then', async () => {
    const mail = await source();
    await tokens.down();
    try {
      expect(await failure(openSession(mail))).toMatchObject({ family: 'Transient', code: 'OAUTH_UNREACHABLE' });
      expect(dovecot.connections()).toBe(0);
    } finally {
      await tokens.up();
    }
    await (await openSession(mail))[Symbol.asyncDispose]();
  });

  it('that says nothing does not hold up an abort', async () => {
    const mail = await source();
    tokens.setFault('silence');
    const stop = new AbortController();
    const opening = failure(openSession(mail, stop.signal));
    const before = requests();
    await eventually(() => requests() > before);
    stop.abort();
    expect(await opening.finally(() => tokens.setFault(undefined))).toMatchObject({ code: 'ABORTED' });
  });

  it('over TLS is trusted by its authority alone, and reached through the proxy', async () => {
    const { ca } = await makeCertificates(path.join(dovecot.dir, 'tokens'), ['localhost', 'login.example']);
    await using secure = await startTokenServer({
      clients: { [client]: { secret: clientSecret, user } },
      tls: path.join(dovecot.dir, 'tokens'),
    });
    const auth = { tokenUrl: secure.tokenUrl, tokenCaSecretRef: { name: 'token-ca' } };
    const wrong = await source({ auth, secrets: { 'token-ca/ca.crt': dovecot.ca } });
    const error = await failure(openSession(wrong));
    expect(error).toMatchObject({ family: 'Stalled', code: 'OAUTH_TLS_FAILED' });
    // The mail server knows the other provider's tokens alone: the token endpoint was reached when it says no.
    const right = await source({ auth, secrets: { 'token-ca/ca.crt': ca } });
    expect(await failure(openSession(right))).toMatchObject({ code: 'IMAP_TOKEN_REJECTED' });

    await using proxy = await startProxy({ names: { 'login.example': '127.0.0.1' } });
    const far = await source({
      auth: { ...auth, tokenUrl: secure.tokenUrl.replace('localhost', 'login.example') },
      imap: { proxy: { url: `http://127.0.0.1:${proxy.port}` } },
      secrets: { 'token-ca/ca.crt': ca },
    });
    expect(await failure(openSession(far))).toMatchObject({ code: 'IMAP_TOKEN_REJECTED' });
    expect(proxy.ways).toEqual([`CONNECT login.example:${secure.port}`, `CONNECT 127.0.0.1:${dovecot.port}`]);
  });

  it('over http away from loopback is refused before anything is sent', async () => {
    const mail = await source({ auth: { tokenUrl: 'http://login.example/token' } });
    expect(await failure(openSession(mail))).toMatchObject({ family: 'Stalled', code: 'OAUTH_ENDPOINT_INVALID' });
  });

  it('never has its secrets in an error', async () => {
    const seen: string[] = [];
    const texts = (thrown: unknown): void => {
      for (let error = thrown; error instanceof Error; error = error.cause)
        seen.push(error.message, JSON.stringify(error), String(error.stack));
    };
    const mail = await source();
    tokens.refuseAll(true);
    texts(await failure(openSession(mail)).finally(() => tokens.refuseAll(false)));
    tokens.setFault({ status: 400, body: `{"error":"${clientSecret}","error_description":"${clientSecret}"}` });
    texts(await failure(openSession(await source())).finally(() => tokens.setFault(undefined)));
    expect(seen.length).toBeGreaterThan(3);
    for (const secret of [...tokens.secrets(), clientSecret]) expect(seen.join('\n')).not.toContain(secret);
    expect(seen.join('\n')).not.toContain('person@example.org');
  });
});
