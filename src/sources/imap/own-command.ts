import type { ImapFlow } from 'imapflow';

interface Value {
  readonly value?: unknown;
}

/** What imapflow gives its commands, and leaves out of its types. */
export interface Internals {
  mailbox: false | { uidValidity?: bigint; exists: number };
  /** By the code in brackets at the beginning of an answer; takes what stands behind it there. */
  readonly sectionHandlers: Record<string, (values: readonly (Value | readonly Value[] | null)[]) => unknown>;
  commands: Map<string, Command>;
  readonly capabilities: ReadonlyMap<string, unknown>;
  readonly authCapabilities: Map<string, boolean>;
  readonly host: string;
  readonly port: number;
  /** By the first word of an answer, or the one behind its number. */
  readonly untaggedHandlers: Record<string, (untagged: object) => unknown>;
  write(line: string): void;
  run(command: 'ENABLE', extensions: readonly string[]): Promise<ReadonlySet<string> | false | undefined>;
  /** After `next` the connection reads on: without it, nothing more comes. */
  exec(
    command: string,
    attributes: readonly object[] | false,
    options: {
      readonly onPlusTag?: () => Promise<void>;
      readonly untagged?: Readonly<Record<string, () => Promise<void>>>;
    },
  ): Promise<{ next(): void }>;
}

export type Command = (connection: Internals, ...args: readonly unknown[]) => Promise<unknown>;

/** Puts a command of ours in the place of imapflow's, for this client alone. */
export function replaceCommand(client: ImapFlow, name: string, command: Command): void {
  // imapflow 2.1.2 looks its commands up in this map of the instance; test/sources/imap/oauth.integration.test.ts fails if it does not.
  const internals = client as unknown as Internals;
  internals.commands = new Map([...internals.commands, [name, command]]);
}
