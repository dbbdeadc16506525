import { createHash } from 'node:crypto';
import { stalled } from '../../telemetry/errors.ts';
import { type LoginOptions, type Logins, readSecret } from './login-options.ts';
import { type Granted, grantedBy } from './oauth-answer.ts';
import { askForToken, type TokenEndpoint } from './oauth-endpoint.ts';
import { RefreshTokens } from './oauth-refresh.ts';
import { AccessTokens } from './oauth-tokens.ts';

/** Milliseconds of a request for a token; it is not broken off earlier, because its answer may hold the only refresh token. */
const tokenMs = 10_000;

/** Logins by access tokens; what the token was derived from is looked at each time. */
export function oauthLogin(options: LoginOptions, account: () => Promise<string>): Logins['login'] {
  const { auth, monotonic, random } = options;
  /** By user name: a refresh token belongs to one; and the values that its token was derived from. */
  let current: { readonly user: string; readonly tokens: AccessTokens; values: string } | undefined;
  return async (signal, refused) => {
    const user = await account();
    const client = await clientOf(options);
    const values = createHash('sha256').update(JSON.stringify(client)).digest('hex');
    if (current?.user !== user) {
      const renew = renewal(options, user);
      current = { user, tokens: new AccessTokens({ renew, now: monotonic, random }), values };
    }
    if (current.values !== values) current.tokens.forget();
    current.values = values;
    const token = await current.tokens.get(signal, refused);
    return { user, token, ...(auth.mechanism && { mechanism: auth.mechanism }) };
  };
}

/** What identifies us to the provider, as the Secret has it now. */
interface Client {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
}

async function clientOf({ auth, secret }: LoginOptions): Promise<Client> {
  const { name } = auth.secretRef;
  return {
    ...(await readSecret(secret, name, ['clientId'])),
    ...(auth.clientAuthentication === 'None' ? {} : await readSecret(secret, name, ['clientSecret'])),
    ...(auth.grant === 'RefreshToken' ? await readSecret(secret, name, ['refreshToken']) : {}),
  };
}

function renewal(options: LoginOptions, account: string): (signal: AbortSignal) => Promise<Granted> {
  const { auth, keyRef, secret, credentials, namespace, source } = options;
  const { tokenUrl } = auth;
  // Admission refuses both; a revision is not checked again.
  if (tokenUrl === undefined) throw stalled('OAUTH_ENDPOINT_INVALID', 'auth.tokenUrl is not set; add it');
  if (auth.grant !== 'RefreshToken')
    return async (signal) =>
      request(options, tokenUrl, await clientOf(options), { grant_type: 'client_credentials' }, signal);
  if (keyRef === undefined || credentials === undefined)
    throw stalled('ENCRYPTION_KEY_MISSING', 'the grant RefreshToken needs encryption.keyRef and a store; add them');
  const refreshTokens = new RefreshTokens({ credentials, namespace, source, account });
  return async (signal) => {
    const client = await clientOf(options);
    const key = await secret(keyRef.name, keyRef.key);
    const { refreshToken = '' } = client;
    // Once a refresh token is sent, its answer is waited for.
    const whole = new AbortController().signal;
    return refreshTokens.with({ refreshToken, key }, signal, (token) =>
      request(options, tokenUrl, client, { grant_type: 'refresh_token', refresh_token: token }, whole),
    );
  };
}

async function request(
  options: LoginOptions,
  url: string,
  { clientId, clientSecret }: Client,
  grant: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Granted> {
  const { auth, secret } = options;
  const ca = auth.tokenCaSecretRef;
  const proxy = await options.proxy();
  const endpoint: TokenEndpoint = {
    url,
    timeoutMs: tokenMs,
    ...(ca === undefined ? {} : { ca: await secret(ca.name, ca.key) }),
    ...(proxy && { proxy }),
  };
  const basic = auth.clientAuthentication === 'Basic' && clientSecret !== undefined;
  const form = {
    ...grant,
    ...(auth.scope === undefined ? {} : { scope: auth.scope }),
    ...(basic ? {} : { client_id: clientId, ...(clientSecret === undefined ? {} : { client_secret: clientSecret }) }),
  };
  const login = basic ? { basic: { user: clientId, password: clientSecret } } : {};
  return grantedBy(await askForToken(endpoint, { form, ...login }, signal));
}
