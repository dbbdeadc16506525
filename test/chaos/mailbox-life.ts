import type { ImapFlow } from 'imapflow';
import type { Random } from '../fuzz/random.ts';
import type { Dovecot } from '../support/dovecot.ts';
import { imapClient } from '../support/imap-client.ts';
import { message } from '../support/worker.ts';
import { Places } from './places.ts';

const user = 'chaos';
const bodies = ['Hello.\r\n', `${'A longer text. '.repeat(400)}\r\n`, `${'0123456789abcdef'.repeat(40_000)}\r\n`];
const large = 2;

/** What people do to a mailbox while it is read: each by name, and what it does to the oracle. */
export class MailboxLife {
  readonly user = user;
  readonly places = new Places();
  readonly #dovecot: Dovecot;
  readonly #random: Random;
  /** Which of `bodies` a message has. */
  readonly #bodies = new Map<string, number>();
  readonly #folders = ['INBOX', 'Archive', 'Work'];
  #client: ImapFlow | undefined;
  #count = 0;

  constructor(dovecot: Dovecot, random: Random) {
    this.#dovecot = dovecot;
    this.#random = random;
    for (const folder of this.#folders) dovecot.makeFolder(user, folder);
    const acts = Object.entries(this.#all());
    this.acts = Object.fromEntries(acts.map(([name, act]) => [name, () => this.#refusable(act)]));
  }

  /** False: the server refused, as when a folder was made again by a delivery; nothing has changed then. */
  readonly acts: Readonly<Record<string, () => Promise<boolean>>>;

  async #refusable(act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Error && 'responseStatus' in error)) throw error;
      await this.leave();
      return false;
    }
  }

  #all(): Readonly<Record<string, () => Promise<void>>> {
    return {
      'mail delivered': async () => this.deliver(this.#random.between(1, 40)),
      // More than one batch has room for, in one folder: several batches are fetched together.
      'large mail delivered': async () => {
        const folder = this.#random.pick(this.#folders);
        for (let n = 0; n < 32; n++) this.#put(this.#new(large), folder);
      },
      'twins delivered': async () => {
        const [name, folder] = [this.#new(), this.#random.pick(this.#folders)];
        for (let n = 0; n < 2; n++) this.#put(name, folder);
      },
      'messages moved': () =>
        this.#some(async (client, uids, names, from) => {
          const to = this.#random.pick(this.#folders.filter((folder) => folder !== from));
          await client.messageMove(uids, to, { uid: true });
          for (const name of names) {
            this.places.gone(name, from);
            this.places.made(name, to);
          }
        }),
      'messages expunged': () =>
        this.#some(async (client, uids, names, from) => {
          await client.messageDelete(uids, { uid: true });
          for (const name of names) this.places.gone(name, from);
        }),
      'folder made': async () => {
        const folder = `New${++this.#count}`;
        // By the server: Dovecot does not tell an open session of a directory that somebody else has made.
        const client = await this.#connect();
        await client.mailboxCreate(folder);
        this.#folders.push(folder);
        this.deliver(5, folder);
      },
      'folder deleted and made again': async () => {
        const folder = this.#random.pick(this.#folders.filter((each) => each !== 'INBOX'));
        const client = await this.#connect();
        await client.mailboxDelete(folder);
        const lost = this.places.folderGone(folder);
        await client.mailboxCreate(folder);
        // As from a backup: some of its messages come back, under a new UIDVALIDITY.
        for (const name of lost) {
          if (this.#random.int(2) === 0) continue;
          await client.append(folder, this.#raw(name));
          this.places.again(name, folder);
        }
      },
    };
  }

  deliver(count: number, into?: string): void {
    for (let n = 0; n < count; n++) this.#put(this.#new(), into ?? this.#random.pick(this.#folders));
  }

  #new(body = this.#random.once(12) ? large : this.#random.int(2)): string {
    const name = `c${++this.#count}`;
    this.#bodies.set(name, body);
    return name;
  }

  #raw(name: string): Buffer {
    return message(name, bodies[this.#bodies.get(name)!]);
  }

  #put(name: string, folder: string): void {
    this.#dovecot.deliver(user, folder, this.#raw(name));
    this.places.made(name, folder);
  }

  /** Some messages of a folder, looked up by their subjects. */
  async #some(
    act: (client: ImapFlow, uids: string, names: readonly string[], folder: string) => Promise<void>,
  ): Promise<void> {
    const client = await this.#connect();
    const folder = this.#random.pick(this.#folders);
    const lock = await client.getMailboxLock(folder);
    try {
      const found: (readonly [number, string])[] = [];
      for await (const { uid, envelope } of client.fetch('1:*', { envelope: true }))
        found.push([uid, envelope?.subject?.replace('Message ', '') ?? '']);
      const chosen = found.filter(() => this.#random.int(4) === 0).slice(0, 20);
      if (chosen.length === 0) return;
      const uids = chosen.map(([uid]) => uid).join(',');
      await act(
        client,
        uids,
        chosen.map(([, name]) => name),
        folder,
      );
    } finally {
      lock.release();
    }
  }

  /** A client that is not hindered. */
  async #connect(): Promise<ImapFlow> {
    if (this.#client?.usable) return this.#client;
    this.#client = await imapClient(this.#dovecot, user);
    this.#client.on('error', () => undefined);
    return this.#client;
  }

  /** Before the server or the password goes away. */
  async leave(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    if (client?.usable) await client.logout().catch(() => client.close());
  }
}
