import { type AccountLogin, type LoginOptions, type Logins, readSecret, secretOf } from './login-options.ts';
import type { ImapLogin } from './sasl.ts';

/** The logins of a source. The code of OAuth2 is loaded where it is used. */
export async function createLogins(options: LoginOptions): Promise<Logins> {
  const { auth, secret } = options;
  const username = async () => (await readSecret(secret, secretOf(auth), ['username'])).username;
  if (auth.type === 'OAuth2') {
    const { oauthLogin } = await import('./oauth-login.ts');
    return { username, ...oauthLogin(options, username) };
  }
  const { loginAs } = auth;
  const login = async (account: AccountLogin | undefined): Promise<ImapLogin> => {
    if (account?.password !== undefined) return { user: account.username, password: account.password };
    const name = secretOf(auth);
    const user = account?.username ?? (await username());
    const { password } = await readSecret(secret, name, ['password']);
    if (loginAs === undefined) return { user, password };
    const { adminUsername } = await readSecret(secret, name, ['adminUsername']);
    return loginAs === 'MasterUser'
      ? { user: `${user}*${adminUsername}`, password }
      : { user: adminUsername, password, actAs: user };
  };
  return { username, login: (_signal, account) => login(account), keep: () => undefined };
}
