import type { ImapFlow } from 'imapflow';
import type { FolderCounts } from '../source.ts';
import type { ImapConnection } from './connection.ts';

/** Servers may cut command lines at 8,192 bytes; what is left is for the rest of the line. */
const maxPatternBytes = 7_000;

interface Value {
  readonly value?: unknown;
}

/** What imapflow gives its commands, and leaves out of its types. */
interface Internals {
  exec(
    command: string,
    attributes: readonly unknown[],
    options: {
      readonly untagged: Readonly<
        Record<string, (untagged: { readonly attributes?: readonly (Value | readonly Value[])[] }) => Promise<void>>
      >;
    },
  ): Promise<{ next(): void }>;
}

/** Whether several folders can be asked for by one command (RFC 5819, with patterns of RFC 5258). */
export const canListStatus = (capabilities: ReadonlySet<string>): boolean =>
  capabilities.has('LIST-STATUS') && capabilities.has('LIST-EXTENDED');

const textOf = (value: unknown): string => (Buffer.isBuffer(value) ? value.toString() : String(value ?? ''));

/** Patterns that fit into one command line each. */
function lines(paths: readonly string[]): readonly (readonly string[])[] {
  const all: string[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const path of paths) {
    const size = Buffer.byteLength(path) + 3;
    if (bytes + size > maxPatternBytes) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(path);
    bytes += size;
  }
  return all;
}

function countsOf(list: readonly Value[]): FolderCounts {
  const items = new Map<string, string>();
  for (let i = 0; i + 1 < list.length; i += 2)
    items.set(textOf(list[i]?.value).toUpperCase(), textOf(list[i + 1]?.value));
  const number = (name: string) => (/^\d{1,15}$/.test(items.get(name) ?? '') ? items.get(name)! : '0');
  return {
    uidNext: Number(number('UIDNEXT')),
    exists: Number(number('MESSAGES')),
    epoch: BigInt(number('UIDVALIDITY')),
  };
}

/** The state of these folders, by path on the wire, in one round trip for some hundred. What cannot be opened is left out. */
export async function listStatus(
  connection: ImapConnection,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FolderCounts>> {
  const wanted = new Set(paths);
  const counts = new Map<string, FolderCounts>();
  const internals = connection.client as ImapFlow & Internals;
  const atom = (value: string) => ({ type: 'ATOM', value });
  const items = ['MESSAGES', 'UIDNEXT', 'UIDVALIDITY'].map(atom);
  for (const line of lines(paths)) {
    const patterns = line.map((value) => ({ type: 'STRING', value }));
    const status = async ({ attributes = [] }: { readonly attributes?: readonly (Value | readonly Value[])[] }) => {
      const [name, list] = attributes;
      if (name === undefined || Array.isArray(name) || !Array.isArray(list)) return;
      const path = textOf((name as Value).value);
      const known = path.toUpperCase() === 'INBOX' ? 'INBOX' : path;
      if (wanted.has(known)) counts.set(known, countsOf(list));
    };
    await connection.named(signal, async () => {
      const answer = await internals.exec(
        'LIST',
        [{ type: 'STRING', value: '' }, patterns, atom('RETURN'), [atom('STATUS'), items]],
        { untagged: { LIST: async () => undefined, STATUS: status } },
      );
      answer.next();
    });
  }
  return counts;
}
