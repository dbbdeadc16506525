import type { ImapSpec } from '../../../src/api/kinds/imap.ts';
import { resolveSource } from '../../../src/api/resolve.ts';
import type { ImapTimeouts } from '../../../src/sources/imap/connection.ts';
import { createImapSource } from '../../../src/sources/imap/source.ts';
import { expandUidSet } from '../../../src/sources/imap/uid-set.ts';
import type { Source } from '../../../src/sources/source.ts';
import type { ScriptedFolder, ScriptedMessage } from './scripted-folder.ts';
import { argument, internalDate, since } from './scripted-lines.ts';
import { type Conversation, type Script, startScripted } from './scripted-server.ts';

/** What a server does instead of an honest answer. True: it has answered. `honest` is what it would have sent. */
export type Fault = (to: Conversation, honest: Buffer) => boolean;

export interface ScriptedMailboxOptions {
  readonly capabilities?: string;
  readonly cut?: (connection: number) => number | undefined;
}

/** A mailbox that a scripted server serves honestly, except where a fault is set. Names of folders are as on the wire, in latin1. */
export class ScriptedMailbox {
  readonly folders = new Map<string, ScriptedFolder>();
  /** By the first words of a command (`UID FETCH`). */
  readonly faults = new Map<string, Fault>();
  readonly #options: ScriptedMailboxOptions;
  #capabilities: string;
  #server: Awaited<ReturnType<typeof startScripted>> | undefined;
  /** Name of the selected folder by connection. */
  readonly #selected = new Map<number, string>();
  readonly #idling = new Set<Conversation>();
  /** UIDNEXT up to which a connection knows of messages in its folder. */
  readonly #told = new Map<number, number>();
  #objects = 0;

  constructor(options: ScriptedMailboxOptions = {}) {
    this.#options = options;
    this.#capabilities = options.capabilities ?? 'IMAP4rev1 IDLE ESEARCH';
  }

  get server() {
    if (!this.#server) throw new Error('the server has not been started');
    return this.#server;
  }

  /** What connections from now on are told. */
  set capabilities(text: string) {
    this.#capabilities = text;
  }

  deliver(folder: string, raw: Buffer | string, receivedAt = new Date(1_700_000_000_000)): ScriptedMessage {
    const objectId = `M${++this.#objects}`;
    return this.#add(folder, { raw: Buffer.from(raw), receivedAt, flags: [], objectId });
  }

  #add(folder: string, message: Omit<ScriptedMessage, 'uid' | 'changedAt'>): ScriptedMessage {
    const into = this.folders.get(folder) ?? { epoch: 7, uidNext: 1, modseq: 10, messages: [], gone: [] };
    this.folders.set(folder, into);
    const added = { ...message, uid: into.uidNext++, changedAt: ++into.modseq };
    into.messages.push(added);
    this.announce(folder, `* ${into.messages.length} EXISTS`);
    return added;
  }

  /** As MOVE: another UID, the same object. */
  move(from: string, uid: number, to: string): ScriptedMessage {
    const message = this.of(from).messages.find((each) => each.uid === uid);
    if (!message) throw new Error(`no message ${uid} in ${from}`);
    this.expunge(from, uid);
    return this.#add(to, message);
  }

  expunge(folder: string, uid: number): void {
    const it = this.of(folder);
    const at = it.messages.findIndex((each) => each.uid === uid);
    it.messages.splice(at, 1);
    it.gone = [...it.gone, { uid, at: ++it.modseq }];
    this.announce(folder, this.#knowsUids ? `* VANISHED ${uid}` : `* ${at + 1} EXPUNGE`);
  }

  /** Other flags, with another MODSEQ. */
  flag(folder: string, uid: number, ...flags: readonly string[]): void {
    const it = this.of(folder);
    it.messages = it.messages.map((each) => (each.uid === uid ? { ...each, flags, changedAt: ++it.modseq } : each));
  }

  /** Whether connections are told of UIDs that vanish. */
  get #knowsUids(): boolean {
    return this.#capabilities.includes('QRESYNC');
  }

  /** Another UIDVALIDITY; UIDs from 1 in the same, or in the opposite, order. */
  renumber(folder: string, { reverse = false } = {}): void {
    const it = this.of(folder);
    it.epoch += 1;
    const kept = reverse ? it.messages.toReversed() : it.messages;
    it.messages = kept.map((message, i) => ({ ...message, uid: i + 1 }));
    it.uidNext = it.messages.length + 1;
    it.gone = [];
  }

  of(folder: string): ScriptedFolder {
    const found = this.folders.get(folder);
    if (!found) throw new Error(`no folder ${folder}`);
    return found;
  }

  /** Ends every connection, as a restart does. */
  restart(): void {
    this.server.dropAll();
  }

  /** Tells those who wait in the folder. */
  announce(folder: string, line: string): void {
    for (const to of this.#idling) {
      if (this.#selected.get(to.connection) !== folder) continue;
      to.send(line);
      this.#told.set(to.connection, this.of(folder).uidNext);
    }
  }

  async start(): Promise<this> {
    const script: Record<string, (to: Conversation) => void> = {};
    const commands = [
      'LOGIN',
      'LIST',
      'STATUS',
      'EXAMINE',
      'UID SEARCH',
      'UID FETCH',
      'FETCH',
      'NOOP',
      'DONE',
      'CAPABILITY',
      'ENABLE',
    ];
    for (const command of commands)
      script[command] = (to) => {
        const honest = Buffer.from(this.#answer(command, to), 'latin1');
        if (!this.faults.get(command)?.(to, honest)) to.raw(honest);
      };
    script.IDLE = (to) => {
      if (this.faults.get('IDLE')?.(to, Buffer.alloc(0))) return;
      this.#idling.add(to);
      to.raw('+ idling\r\n');
      // What came before is told now.
      const { messages, uidNext } = this.#folder(to);
      if (this.#told.get(to.connection) !== uidNext) to.send(`* ${messages.length} EXISTS`);
      this.#told.set(to.connection, uidNext);
    };
    const cut = this.#options.cut;
    this.#server = await startScripted(script as Script, cut ? { cut } : {});
    return this;
  }

  /** The source of this mailbox, as a pipeline has it. */
  async source(imap: Partial<ImapSpec> = {}, timeouts: Partial<ImapTimeouts> = {}): Promise<Source> {
    const { host, port } = this.server;
    const { spec } = resolveSource({
      apiVersion: 'mailmill.io/v1alpha1',
      kind: 'MailboxSource',
      metadata: { name: 'inbox', namespace: 'ns' },
      spec: {
        imap: {
          host,
          port,
          tls: { mode: 'None' },
          auth: { secretRef: { name: 'login' } },
          folders: { include: ['**'] },
          pollInterval: '200ms',
          ...imap,
        },
      },
    });
    if (!spec.imap) throw new Error('no imap');
    return createImapSource({
      name: 'inbox',
      namespace: 'ns',
      spec: spec.imap,
      secret: async (_, key) => (key === 'username' ? 'ann' : 'pa55word'),
      timeouts,
    });
  }

  #answer(command: string, to: Conversation): string {
    const ok = `${to.tag} OK done\r\n`;
    switch (command) {
      case 'CAPABILITY':
        return `* CAPABILITY ${this.#capabilities}\r\n${ok}`;
      case 'LIST':
        return [...this.folders.keys()].map((name) => `* LIST () "/" "${name}"\r\n`).join('') + ok;
      case 'STATUS': {
        const name = argument(to.line.slice('STATUS '.length));
        const it = this.folders.get(name);
        if (!it) return `${to.tag} NO [NONEXISTENT] no such mailbox\r\n`;
        const { messages, uidNext, epoch } = it;
        return `* STATUS "${name}" (MESSAGES ${messages.length} UIDNEXT ${uidNext} UIDVALIDITY ${epoch})\r\n${ok}`;
      }
      case 'EXAMINE': {
        const name = argument(to.line.slice('EXAMINE '.length));
        const it = this.folders.get(name);
        if (!it) return `${to.tag} NO [NONEXISTENT] no such mailbox\r\n`;
        this.#selected.set(to.connection, name);
        this.#told.set(to.connection, it.uidNext);
        const modseq = this.#knowsUids ? `* OK [HIGHESTMODSEQ ${it.modseq}] ok\r\n` : '';
        return `* ${it.messages.length} EXISTS\r\n* OK [UIDVALIDITY ${it.epoch}] ok\r\n* OK [UIDNEXT ${it.uidNext}] ok\r\n${modseq}${to.tag} OK [READ-ONLY] done\r\n`;
      }
      case 'UID SEARCH': {
        const uids = this.#asked(to, /UID ([\d:,*]+)/).map(({ uid }) => uid);
        const all = uids.length > 0 ? ` ALL ${uids.join(',')}` : '';
        return `* ESEARCH (TAG "${to.tag}") UID COUNT ${uids.length}${all}\r\n${ok}`;
      }
      case 'ENABLE':
        return `* ENABLED QRESYNC\r\n${ok}`;
      case 'UID FETCH':
        return this.#vanished(to)
          .concat(
            ...this.#asked(to, /FETCH ([\d:,*]+)/)
              .filter(({ changedAt }) => changedAt > since(to))
              .map((message) => this.#row(to, message)),
          )
          .concat(ok);
      case 'FETCH': {
        const message = this.#folder(to).messages[Number(/FETCH (\d+)/.exec(to.line)?.[1]) - 1];
        return (message ? this.#row(to, message) : '') + ok;
      }
      case 'DONE':
        for (const idle of this.#idling) if (idle.connection === to.connection) this.#idling.delete(idle);
        return ok;
      default:
        return ok;
    }
  }

  /** What is gone since a MODSEQ, where that is asked for. */
  #vanished(to: Conversation): string {
    if (!to.line.includes('VANISHED')) return '';
    const uids = this.#folder(to).gone.flatMap(({ uid, at }) => (at > since(to) ? [uid] : []));
    return uids.length > 0 ? `* VANISHED (EARLIER) ${uids.join(',')}\r\n` : '';
  }

  #folder(to: Conversation): ScriptedFolder {
    return this.of(this.#selected.get(to.connection) ?? '');
  }

  #asked(to: Conversation, set: RegExp): readonly ScriptedMessage[] {
    const { messages } = this.#folder(to);
    const last = messages.at(-1)?.uid ?? 0;
    const text = set.exec(to.line)?.[1] ?? '';
    const ranges = text.split(',').map((part) => part.split(':').map((end) => (end === '*' ? last : Number(end))));
    return messages.filter(({ uid }) =>
      ranges.some(([a = 0, b = a]) => uid >= Math.min(a, b) && uid <= Math.max(a, b)),
    );
  }

  /** An honest row of a FETCH, in latin1. */
  #row(to: Conversation, { uid, raw, flags, receivedAt, objectId }: ScriptedMessage): string {
    const seq = this.#folder(to).messages.findIndex((each) => each.uid === uid) + 1;
    const asked = to.line.toUpperCase();
    const items = [`UID ${uid}`];
    if (asked.includes('EMAILID')) items.push(`EMAILID (${objectId})`);
    if (asked.includes('FLAGS')) items.push(`FLAGS (${flags.join(' ')})`);
    if (asked.includes('RFC822.SIZE')) items.push(`RFC822.SIZE ${raw.length}`);
    if (asked.includes('INTERNALDATE')) items.push(`INTERNALDATE "${internalDate(receivedAt)}"`);
    const part = /BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?/.exec(asked);
    if (part) {
      const [from, count] = part[1] === undefined ? [0, raw.length] : [Number(part[1]), Number(part[2])];
      const bytes = raw.subarray(from, from + count);
      const origin = part[1] === undefined ? '' : `<${from}>`;
      items.push(`BODY[]${origin} {${bytes.length}}\r\n${bytes.toString('latin1')}`);
    }
    if (asked.includes('BODY.PEEK[HEADER]')) {
      const end = raw.indexOf('\r\n\r\n');
      const header = end < 0 ? raw : raw.subarray(0, end + 4);
      items.push(`BODY[HEADER]<0> {${header.length}}\r\n${header.toString('latin1')}`);
    }
    return `* ${seq} FETCH (${items.join(' ')})\r\n`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }
}

/** UIDs that a client asked for. */
export const askedFor = (line: string): readonly number[] =>
  expandUidSet(/FETCH ([\d:,]+)/.exec(line)?.[1] ?? '', 10_000) ?? [];
