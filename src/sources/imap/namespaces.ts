import type { ImapFlow } from 'imapflow';
import { type Command, replaceCommand } from './own-command.ts';

/** An error as imapflow throws what a server answers. */
interface Answered extends Error {
  readonly responseStatus?: string;
  readonly responseText?: string;
}

/**
 * The question that imapflow asks after each login. It is asked for one reason: a server may tell only here that there is no mailbox behind the login
 * ("User is authenticated but not connected"). What it answers is left alone, because folders are used by the names under which they are listed:
 * imapflow's own reads on no more when the personal namespaces are NIL or missing (RFC 2342 §5), and every later command hangs.
 */
const ask: Command = async (connection) => {
  if (!connection.capabilities.has('NAMESPACE')) return undefined;
  try {
    const answer = await connection.exec('NAMESPACE', false, { untagged: { NAMESPACE: async () => undefined } });
    answer.next();
    return undefined;
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    const { responseStatus: status, responseText: text }: Answered = thrown;
    return { error: true, status, text };
  }
};

/** Makes a client put no prefix before names of folders, whatever namespaces the server tells. */
export const withoutNamespaces = (client: ImapFlow): void => replaceCommand(client, 'NAMESPACE', ask);
