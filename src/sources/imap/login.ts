import { type LoginOptions, type Logins, readSecret } from './login-options.ts';
import type { ImapLogin } from './sasl.ts';

/** The logins of a source. The code of OAuth2 is loaded where it is used. */
export async function createLogins(options: LoginOptions): Promise<Logins> {
  const { auth, secret } = options;
  const { name } = auth.secretRef;
  const account = async () => (await readSecret(secret, name, ['username'])).username;
  if (auth.type === 'OAuth2') {
    const { oauthLogin } = await import('./oauth-login.ts');
    return { account, login: oauthLogin(options, account) };
  }
  const { loginAs } = auth;
  const login = async (): Promise<ImapLogin> => {
    const { username, password } = await readSecret(secret, name, ['username', 'password']);
    if (loginAs === undefined) return { user: username, password };
    const { adminUsername } = await readSecret(secret, name, ['adminUsername']);
    return loginAs === 'MasterUser'
      ? { user: `${username}*${adminUsername}`, password }
      : { user: adminUsername, password, actAs: username };
  };
  return { account, login };
}
