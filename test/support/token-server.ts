import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';

/** An application that may ask for tokens. */
export interface TokenClient {
  readonly secret?: string;
  /** Whose mailbox its tokens open. */
  readonly user: string;
}

/** What a token endpoint may answer instead of a token. */
export interface TokenFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface TokenServerOptions {
  readonly clients: Readonly<Record<string, TokenClient>>;
  /** First refresh tokens, each with the client that it belongs to. */
  readonly refreshTokens?: Readonly<Record<string, string>>;
  /** Seconds that access tokens are good for; default 3,600. */
  readonly lifetime?: number;
  /** Every use of a refresh token replaces it, and a second use of the old one revokes its whole family (RFC 9700 §4.14.2). */
  readonly rotate?: boolean;
  /** Directory with server.crt and server.key: the token endpoint speaks TLS, on a port of its own. */
  readonly tls?: string;
}

export type TokenServer = Awaited<ReturnType<typeof startTokenServer>>;

interface RefreshToken {
  readonly client: string;
  /** Who consented, where it is not the client's own user. */
  readonly user?: string | undefined;
  readonly family: string;
  used: boolean;
}

/** An OAuth2 provider on loopback: a token endpoint (RFC 6749) and, for Dovecot, introspection (RFC 7662). */
export async function startTokenServer(options: TokenServerOptions) {
  let lifetime = options.lifetime ?? 3_600;
  let fault: TokenFault | 'silence' | undefined;
  let refuseAll = false;
  const issued = new Map<string, { readonly user: string; readonly until: number }>();
  const refresh = new Map<string, RefreshToken>();
  const revoked = new Set<string>();
  const requests: { readonly form: Readonly<Record<string, string>>; readonly authorization: string | undefined }[] =
    [];
  let introspections = 0;
  for (const [token, client] of Object.entries(options.refreshTokens ?? {}))
    refresh.set(token, { client, family: token, used: false });

  const secretOf = (kind: string) => `${kind}-${randomBytes(24).toString('base64url')}`;
  const failure = (status: number, error: string) => ({
    status,
    body: { error, error_description: 'AADSTS70000: for person@example.org' },
  });

  const grant = (form: Readonly<Record<string, string>>, authorization: string | undefined) => {
    const basic = authorization?.startsWith('Basic ')
      ? Buffer.from(authorization.slice(6), 'base64').toString().split(':').map(decodeURIComponent)
      : undefined;
    const id = basic?.[0] ?? form.client_id ?? '';
    const client = options.clients[id];
    if (!client || client.secret !== (basic?.[1] ?? form.client_secret)) return failure(401, 'invalid_client');
    const access = secretOf('access');
    let { user } = client;
    const answer: Record<string, unknown> = { access_token: access, token_type: 'Bearer', expires_in: lifetime };
    if (form.grant_type === 'refresh_token') {
      const token = refresh.get(form.refresh_token ?? '');
      if (!token || token.client !== id || revoked.has(token.family)) return failure(400, 'invalid_grant');
      if (token.used) {
        revoked.add(token.family);
        return failure(400, 'invalid_grant');
      }
      user = token.user ?? user;
      if (options.rotate) {
        token.used = true;
        const next = secretOf('refresh');
        refresh.set(next, { ...token, used: false });
        answer.refresh_token = next;
      }
    } else if (form.grant_type !== 'client_credentials') return failure(400, 'unsupported_grant_type');
    issued.set(access, { user, until: Date.now() + lifetime * 1000 });
    return { status: 200, body: answer };
  };

  const handler: http.RequestListener = (request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(text));
      const send = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        response.end(typeof body === 'string' ? body : JSON.stringify(body));
      };
      if (request.url === '/introspect') {
        introspections += 1;
        const token = issued.get(form.token ?? '');
        const active = !refuseAll && token !== undefined && token.until > Date.now();
        return send(200, active ? { active, username: token.user } : { active: false });
      }
      const { authorization } = request.headers;
      requests.push({ form, authorization });
      if (fault === 'silence') return;
      if (fault) return send(fault.status, fault.body ?? '', fault.headers);
      const { status, body } = grant(form, authorization);
      send(status, body);
    });
  };

  const servers: http.Server[] = [];
  const listen = async (server: http.Server, port = 0): Promise<number> => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    return address.port;
  };
  const endpoint = () => {
    if (options.tls === undefined) return http.createServer(handler);
    const read = (name: string) => fs.readFileSync(path.join(options.tls ?? '', name));
    return https.createServer({ cert: read('server.crt'), key: read('server.key') }, handler);
  };
  const close = async (server: http.Server) => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const introspectionPort = await listen(http.createServer(handler));
  let tokens = endpoint();
  const port = await listen(tokens);
  return {
    /** Port of the token endpoint. */
    port,
    tokenUrl: `${options.tls === undefined ? 'http://127.0.0.1' : 'https://localhost'}:${port}/token`,
    /** For Dovecot's passdb. */
    introspectionUrl: `http://127.0.0.1:${introspectionPort}/introspect`,
    /** Requests for tokens, in their order. */
    requests,
    introspections: () => introspections,
    /** Every secret that has been in a request or an answer. */
    secrets: () => [
      ...issued.keys(),
      ...refresh.keys(),
      ...Object.values(options.clients).flatMap(({ secret }) => secret ?? []),
    ],
    setLifetime: (seconds: number) => {
      lifetime = seconds;
    },
    /** What the token endpoint answers from now on; undefined: tokens. `silence`: nothing. */
    setFault: (next: TokenFault | 'silence' | undefined) => {
      fault = next;
    },
    /** Ends every access token that was given so far. */
    revokeAccess: () => issued.clear(),
    /** The mail server is told that no token is good. */
    refuseAll: (yes: boolean) => {
      refuseAll = yes;
    },
    /** A new sign-in: a refresh token of a new family, for the mailbox of `user` or of the client's own. */
    signIn: (client: string, user?: string): string => {
      const token = secretOf('refresh');
      refresh.set(token, { client, user, family: token, used: false });
      return token;
    },
    /** Ends the token endpoint; `up` brings it back on the same port. Introspection goes on. */
    down: () => close(tokens),
    up: async () => {
      tokens = endpoint();
      await listen(tokens, port);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      for (const server of servers) if (server.listening) await close(server);
    },
  };
}
