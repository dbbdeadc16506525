import { once } from 'node:events';
import net from 'node:net';

/** What a script may do with the connection that a command came on. */
export interface Conversation {
  readonly tag: string;
  /** The command without its tag. */
  readonly line: string;
  /** Number of the connection, from 1. */
  readonly connection: number;
  /** Sends lines, each with CRLF. */
  send(...lines: string[]): void;
  /** Sends bytes as they are. */
  raw(bytes: string | Buffer): void;
  /** Ends the connection when everything has been sent. */
  end(): void;
  /** Ends the connection without a word. */
  drop(): void;
}

/** Answers commands by their first words in capitals (`UID FETCH`); longer keys win; what is not scripted is answered with OK. */
export type Script = Readonly<Record<string, (to: Conversation) => void>>;

export interface ScriptOptions {
  readonly greeting?: string;
  readonly capabilities?: string;
  /** Bytes after which a connection (number, from 1) is cut; undefined: never. */
  readonly cut?: (connection: number) => number | undefined;
}

const examined = ['* 3 EXISTS', '* OK [UIDVALIDITY 7] ok', '* OK [UIDNEXT 4] ok'];

/** A FETCH row with a body. */
export const row = (seq: number, uid: number, body: string): string =>
  `* ${seq} FETCH (UID ${uid} FLAGS () BODY[] {${Buffer.byteLength(body)}}\r\n${body})\r\n`;

/** An IMAP server that does what its script says, for faults that a real server does not make on request. One folder, INBOX, with three messages. */
export async function startScripted(script: Script, options: ScriptOptions = {}) {
  const sockets = new Set<net.Socket>();
  const lines: string[] = [];
  let connections = 0;
  const capabilities = options.capabilities ?? 'IMAP4rev1 IDLE ESEARCH';
  const usual: Script = {
    CAPABILITY: (to) => to.send(`* CAPABILITY ${capabilities}`, `${to.tag} OK done`),
    LIST: (to) => to.send('* LIST () "/" INBOX', `${to.tag} OK done`),
    EXAMINE: (to) => to.send(...examined, `${to.tag} OK [READ-ONLY] done`),
    'UID SEARCH': (to) => to.send(`* ESEARCH (TAG "${to.tag}") UID COUNT 3 ALL 1:3`, `${to.tag} OK done`),
    LOGOUT: (to) => to.send('* BYE', `${to.tag} OK done`),
    ...script,
  };
  const keys = Object.keys(usual).sort((a, b) => b.length - a.length);
  const server = net.createServer((socket) => {
    sockets.add(socket);
    const connection = ++connections;
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let left = options.cut?.(connection) ?? Number.POSITIVE_INFINITY;
    const write = (bytes: Buffer) => {
      if (bytes.length >= left) socket.end(bytes.subarray(0, left));
      else if (left > 0) socket.write(bytes);
      left -= bytes.length;
    };
    write(Buffer.from(`${options.greeting ?? '* OK ready'}\r\n`));
    let buffered = '';
    let idling = '';
    socket.on('data', (chunk) => {
      buffered += chunk.toString('latin1');
      for (let end = buffered.indexOf('\r\n'); end >= 0; end = buffered.indexOf('\r\n')) {
        const text = buffered.slice(0, end);
        buffered = buffered.slice(end + 2);
        // DONE ends an IDLE and has no tag of its own.
        const done = text.toUpperCase() === 'DONE';
        const [tag = '', ...rest] = done ? [idling, text] : text.split(' ');
        const line = rest.join(' ');
        if (line.toUpperCase() === 'IDLE') idling = tag;
        lines.push(line);
        const to: Conversation = {
          tag,
          line,
          connection,
          send: (...answers) => write(Buffer.from(answers.map((answer) => `${answer}\r\n`).join(''))),
          raw: (bytes) => write(typeof bytes === 'string' ? Buffer.from(bytes) : bytes),
          end: () => void socket.end(),
          drop: () => void socket.destroy(),
        };
        const key = keys.find((start) => line.toUpperCase().startsWith(start));
        if (key) usual[key]!(to);
        else to.send(`${tag} OK done`);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    host: '127.0.0.1',
    port: address.port,
    tlsPort: address.port,
    ca: '',
    /** Commands that came, without tags. */
    lines,
    /** Bytes that clients have not taken yet. */
    pending: () => [...sockets].reduce((sum, socket) => sum + socket.writableLength, 0),
    /** Ends every connection. */
    dropAll: () => {
      for (const socket of sockets) socket.destroy();
    },
    /** Open connections. */
    open: () => sockets.size,
    async [Symbol.asyncDispose](): Promise<void> {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
