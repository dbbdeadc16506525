import { ImapFlow } from 'imapflow';

/** A client of ours, logged in without TLS, as a person's mail program beside what is tested. Its user's password is `secret`. */
export async function imapClient(
  { host, port }: { readonly host: string; readonly port: number },
  user: string,
): Promise<ImapFlow> {
  const auth = { user, pass: 'secret' };
  const options = { secure: false, doSTARTTLS: false, disableCompression: true, logger: false } as const;
  const client = new ImapFlow({ host, port, auth, ...options });
  await client.connect();
  return client;
}
