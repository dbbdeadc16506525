const source = (imap: string, encryption = '') => `apiVersion: mailmill.io/v1alpha1
kind: MailboxSource
metadata: {name: support, namespace: default}
spec:
  imap:
    host: imap.example.com
${imap}${encryption}`;

const oauth = (fields: string) => `    auth: {type: OAuth2, secretRef: {name: s}${fields}}\n`;
const token = ', tokenUrl: "https://login.example.com/token"';
const app = `${token}, grant: ClientCredentials`;
const key = '  encryption: {keyRef: {name: sealing}}\n';
const list = '    accounts: {secretRef: {name: team, key: accounts.yaml}}\n';
const password = '    auth: {secretRef: {name: s}}\n';
const at = (url: string) => oauth(`, grant: ClientCredentials, tokenUrl: "${url}"`);
const proxy = (url: string, more = '') => source(`${password}    proxy: {url: "${url}"${more}}\n`);
const tls = (fields: string) => source(`${password}    tls: {${fields}}\n`);

/** Sources with every kind of login and way to the server, by what is special about them. */
export const logins: Readonly<Record<string, string>> = {
  'login: application': source(oauth(`${app}, scope: "https://outlook.office365.com/.default", mechanism: XOAUTH2`)),
  'login: consent': source(oauth(`${token}, grant: RefreshToken, clientAuthentication: None`), key),
  'login: consent without a key': source(oauth(`${token}, grant: RefreshToken`)),
  'login: no grant': source(oauth(token)),
  'login: no token endpoint': source(oauth(', grant: ClientCredentials')),
  'login: application without a secret': source(oauth(`${app}, clientAuthentication: None`)),
  'login: OAuth2 fields with a password': source('    auth: {secretRef: {name: s}, mechanism: XOAUTH2}\n'),
  'login: administrator': source('    auth: {secretRef: {name: s}, loginAs: MasterUser}\n'),
  'login: administrator with OAuth2': source(oauth(`${app}, loginAs: MasterUser`)),
  'login: token endpoint over http': source(at('http://login.example.com/token')),
  'login: token endpoint on loopback': source(at('http://127.0.0.1:8080/token')),
  'login: token endpoint on loopback by IPv6': source(at('http://[::1]:8080/token')),
  'login: token endpoint that only begins like loopback': source(at('http://localhost.example.com/token')),
  'login: token endpoint with a password': source(at('https://user:pass@login.example.com/token')),
  'login: proxy': proxy('socks5://proxy.example.com:1080', ', secretRef: {name: p}'),
  'login: proxy by IPv6': proxy('http://[2001:db8::1]:3128/'),
  'login: proxy with a password': proxy('http://user:pass@proxy.example.com:3128'),
  'login: proxy of another kind': proxy('socks4://proxy.example.com'),
  'login: client certificate': tls('mode: StartTLS, certificateSecretRef: {name: pair}, serverName: mail.example.com'),
  'login: client certificate without TLS': tls('mode: None, certificateSecretRef: {name: pair}'),
  'accounts: passwords of their own': source('    accounts: {secretRef: {name: team}}\n'),
  'accounts: an administrator': source(`${list}    auth: {secretRef: {name: s}, loginAs: MasterUser}\n`),
  'accounts: an application': source(`${list}${oauth(app)}`),
  'accounts: a table': source('    accounts: {table: {secretRef: {name: db}, table: mail.boxes}}\n'),
  'accounts: a list and a table': source(
    '    accounts: {secretRef: {name: t}, table: {secretRef: {name: d}, table: boxes}}\n',
  ),
  'accounts: none, and no login': source(''),
  'accounts: a password for all': source(`${list}${password}`),
  'accounts: an administrator without a login': source(`${list}    auth: {loginAs: MasterUser}\n`),
  'accounts: a table with a name that is none': source('    accounts: {table: {secretRef: {name: d}, table: "a;b"}}\n'),
  'login: key without a source that needs it': source(password, key),
};
