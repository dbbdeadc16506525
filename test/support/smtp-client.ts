import net from 'node:net';
import tls from 'node:tls';

/** A client of SMTP or LMTP that says what it is told to, and can stop anywhere. */
export class SmtpClient {
  #socket: net.Socket;
  #text = '';
  #ended = false;
  #waiting: (() => void) | undefined;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen();
  }

  static async connect(port: number, host = '127.0.0.1'): Promise<SmtpClient> {
    const socket = net.connect(port, host);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return new SmtpClient(socket);
  }

  #listen(): void {
    const wake = () => this.#waiting?.();
    this.#socket.on('data', (chunk) => {
      this.#text += chunk.toString('latin1');
      wake();
    });
    for (const event of ['close', 'error', 'end'])
      this.#socket.on(event, () => {
        this.#ended = true;
        wake();
      });
  }

  /** The next whole reply, its lines joined. Throws when the connection ends before. */
  async reply(): Promise<string> {
    for (;;) {
      const match = /^(?:\d{3}-.*\r\n)*\d{3} .*\r\n/.exec(this.#text);
      if (match) {
        this.#text = this.#text.slice(match[0].length);
        return match[0].trimEnd();
      }
      if (this.#ended) throw new Error(`the connection ended; left: ${JSON.stringify(this.#text)}`);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
    }
  }

  write(data: string | Buffer): void {
    this.#socket.write(data);
  }

  /** Says a command and gives the reply. */
  async say(command: string): Promise<string> {
    this.write(`${command}\r\n`);
    return this.reply();
  }

  /** To the point where the message may be sent. Gives the last reply. */
  async envelope(
    recipients: readonly string[],
    hello = 'EHLO client.example.org',
    from = 'ann@example.org',
  ): Promise<string> {
    await this.reply();
    await this.say(hello);
    await this.say(`MAIL FROM:<${from}>`);
    for (const recipient of recipients) await this.say(`RCPT TO:<${recipient}>`);
    return this.say('DATA');
  }

  /** Sends a message with its final dot. */
  message(raw: Buffer): void {
    this.write(Buffer.from(raw.toString('latin1').replaceAll(/(^|\r\n)\./g, '$1..'), 'latin1'));
    this.write(raw.toString('latin1').endsWith('\r\n') ? '.\r\n' : '\r\n.\r\n');
  }

  async startTls(ca: string, servername = 'localhost'): Promise<void> {
    const plain = this.#socket;
    plain.removeAllListeners('data');
    this.#socket = tls.connect({ socket: plain, ca, servername });
    await new Promise<void>((resolve, reject) => {
      this.#socket.once('secureConnect', resolve);
      this.#socket.once('error', reject);
    });
    this.#listen();
  }

  /** Waits for the server to end the connection. */
  async ended(): Promise<void> {
    while (!this.#ended)
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
  }

  /** Ends at once, as a lost client. */
  cut(): void {
    this.#socket.resetAndDestroy();
  }

  end(): void {
    this.#socket.end();
  }
}

/** Sends one message from connection to quit; gives the replies after its final dot. */
export async function send(
  port: number,
  raw: Buffer,
  recipients: readonly string[],
  more: { readonly lmtp?: boolean; readonly from?: string } = {},
): Promise<readonly string[]> {
  const client = await SmtpClient.connect(port);
  try {
    const go = await client.envelope(recipients, more.lmtp ? 'LHLO client.example.org' : undefined, more.from);
    if (!go.startsWith('354')) return [go];
    client.message(raw);
    const replies = [];
    for (let i = 0; i < (more.lmtp ? recipients.length : 1); i++) replies.push(await client.reply());
    return replies;
  } finally {
    client.end();
  }
}
