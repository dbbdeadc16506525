import type { ImapFlow } from 'imapflow';
import { getErrorText, getStatusCode } from 'imapflow/lib/tools.js';
import { stalled } from '../../telemetry/errors.ts';
import { type Command, replaceCommand } from './own-command.ts';

/** SASL mechanisms for bearer tokens, the preferred one first. */
export const tokenMechanisms = ['OAUTHBEARER', 'XOAUTH2'] as const;
export type TokenMechanism = (typeof tokenMechanisms)[number];

/** How to log in to one account. */
export type ImapLogin =
  | {
      readonly user: string;
      readonly password: string;
      /** Whose mail is read, when `user` is an administrator: the authorization identity of SASL PLAIN. */
      readonly actAs?: string;
      readonly token?: undefined;
    }
  | {
      readonly user: string;
      /** OAuth2 access token. */
      readonly token: string;
      /** Absent: the first of `tokenMechanisms` that the server offers. */
      readonly mechanism?: TokenMechanism;
    };

/** Values of a GS2 header (RFC 5801 §4). */
const saslName = (name: string) => name.replaceAll('=', '=3D').replaceAll(',', '=2C');

/** What is sent first, and what ends the exchange after a challenge, which is how a server refuses a token. */
interface Exchange {
  readonly mechanism: string;
  readonly response: string;
  readonly end?: string;
}

function exchangeOf(login: ImapLogin, offers: ReadonlyMap<string, unknown>, host: string, port: number): Exchange {
  if (login.token === undefined) {
    if (!offers.has('AUTH=PLAIN'))
      throw stalled(
        'IMAP_AUTH_UNSUPPORTED',
        'the server does not offer SASL PLAIN on this connection, which auth.loginAs needs; set tls.mode to Implicit or StartTLS, or use MasterUser',
      );
    return { mechanism: 'PLAIN', response: [login.actAs ?? '', login.user, login.password].join('\0') };
  }
  const mechanism = login.mechanism ?? tokenMechanisms.find((each) => offers.has(`AUTH=${each}`));
  if (mechanism === undefined || !offers.has(`AUTH=${mechanism}`))
    throw stalled(
      'IMAP_AUTH_UNSUPPORTED',
      `the server does not offer ${mechanism ?? tokenMechanisms.join(' or ')} on this connection; correct auth.mechanism, or set auth.type to Password`,
    );
  const bearer = `auth=Bearer ${login.token}`;
  return mechanism === 'OAUTHBEARER'
    ? {
        mechanism,
        response: [`n,a=${saslName(login.user)},`, `host=${host}`, `port=${port}`, bearer, '', ''].join('\x01'),
        end: '\x01',
      }
    : { mechanism, response: [`user=${login.user}`, bearer, '', ''].join('\x01'), end: '' };
}

/** A NO as imapflow's own commands throw it. */
interface Refusal extends Error {
  authenticationFailed?: boolean;
  serverResponseCode?: string;
  response?: unknown;
}

const base64 = (text: string) => Buffer.from(text).toString('base64');

/**
 * Makes a client log in by one exchange that we choose. imapflow's own takes OAUTHBEARER wherever it is offered, does not escape names, sends an
 * initial response to servers without SASL-IR, and leaves an authorization identity out, without a word, where it comes to use LOGIN.
 */
export function logInBy(client: ImapFlow, login: ImapLogin): void {
  const authenticate: Command = async (connection) => {
    const { capabilities } = connection;
    const { mechanism, response, end = '' } = exchangeOf(login, capabilities, connection.host, connection.port);
    const initial = capabilities.has('SASL-IR');
    let sent = initial;
    try {
      const secret = { type: 'ATOM', value: base64(response), sensitive: true };
      const done = await connection.exec(
        'AUTHENTICATE',
        [{ type: 'ATOM', value: mechanism }, ...(initial ? [secret] : [])],
        {
          onPlusTag: async () => {
            connection.write(sent ? base64(end) : base64(response));
            sent = true;
          },
        },
      );
      done.next();
      connection.authCapabilities.set(`AUTH=${mechanism}`, true);
      return login.user;
    } catch (thrown) {
      if (!(thrown instanceof Error)) throw thrown;
      const error: Refusal = thrown;
      const refused = error.response;
      if (refused === undefined) throw error;
      const code = getStatusCode(refused as Parameters<typeof getStatusCode>[0]); // as imapflow's own commands do
      error.authenticationFailed = true;
      if (typeof code === 'string') error.serverResponseCode = code;
      error.response = await getErrorText(refused as Parameters<typeof getErrorText>[0]);
      throw error;
    }
  };
  replaceCommand(client, 'AUTHENTICATE', authenticate);
}
