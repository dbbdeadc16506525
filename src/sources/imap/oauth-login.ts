import { createHash } from 'node:crypto';
import { stalled } from '../../telemetry/errors.ts';
import { type AccountLogin, type LoginOptions, type Logins, readSecret, secretOf } from './login-options.ts';
import { type Granted, grantedBy } from './oauth-answer.ts';
import { askForToken, type TokenEndpoint } from './oauth-endpoint.ts';
import { RefreshTokens } from './oauth-refresh.ts';
import { AccessTokens } from './oauth-tokens.ts';

/** Milliseconds of a request for a token; it is not broken off earlier, because its answer may hold the only refresh token. */
const tokenMs = 10_000;

interface Known {
  readonly tokens: AccessTokens;
  /** As it is on the list now. */
  account: AccountLogin | undefined;
  /** A digest of the values that its token was derived from. */
  values: string;
}

/** Logins by access tokens; what the token was derived from is looked at each time. */
export function oauthLogin(options: LoginOptions, username: Logins['username']): Pick<Logins, 'login' | 'keep'> {
  const { auth, monotonic, random } = options;
  const shared = auth.grant !== 'RefreshToken';
  /** By user name: a refresh token belongs to one. What an application is given for itself is good for every mailbox. */
  const known = new Map<string, Known>();
  return {
    async login(signal, account, refused) {
      const user = account?.username ?? (await username());
      const client = await clientOf(options, account);
      const values = createHash('sha256').update(JSON.stringify(client)).digest('hex');
      const key = shared && account ? '' : user;
      let current = known.get(key);
      if (!current) {
        if (!account) known.clear(); // one account, whose name has changed in its Secret
        const renew = renewal(options, user, () => known.get(key)?.account);
        current = { tokens: new AccessTokens({ renew, now: monotonic, random }), account, values };
        known.set(key, current);
      }
      if (current.values !== values) current.tokens.forget();
      current.account = account;
      current.values = values;
      const token = await current.tokens.get(signal, refused);
      return { user, token, ...(auth.mechanism && { mechanism: auth.mechanism }) };
    },
    keep(has) {
      if (!shared) for (const user of known.keys()) if (!has(user)) known.delete(user);
    },
  };
}

/** What identifies us to the provider, as the Secret has it now. */
interface Client {
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
}

async function clientOf({ auth, secret }: LoginOptions, account: AccountLogin | undefined): Promise<Client> {
  const name = secretOf(auth);
  const own = account?.refreshToken;
  return {
    ...(await readSecret(secret, name, ['clientId'])),
    ...(auth.clientAuthentication === 'None' ? {} : await readSecret(secret, name, ['clientSecret'])),
    ...(own === undefined ? {} : { refreshToken: own }),
    ...(auth.grant === 'RefreshToken' && own === undefined ? await readSecret(secret, name, ['refreshToken']) : {}),
  };
}

function renewal(
  options: LoginOptions,
  user: string,
  account: () => AccountLogin | undefined,
): (signal: AbortSignal) => Promise<Granted> {
  const { auth, keyRef, secret, credentials, namespace, source } = options;
  const { tokenUrl } = auth;
  // Admission refuses both; a revision is not checked again.
  if (tokenUrl === undefined) throw stalled('OAUTH_ENDPOINT_INVALID', 'auth.tokenUrl is not set; add it');
  if (auth.grant !== 'RefreshToken')
    return async (signal) =>
      request(options, tokenUrl, await clientOf(options, account()), { grant_type: 'client_credentials' }, signal);
  if (keyRef === undefined || credentials === undefined)
    throw stalled('ENCRYPTION_KEY_MISSING', 'the grant RefreshToken needs encryption.keyRef and a store; add them');
  const refreshTokens = new RefreshTokens({ credentials, namespace, source, account: user });
  return async (signal) => {
    const client = await clientOf(options, account());
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
