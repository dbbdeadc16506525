/**
 * Fields that the owner of an mbox file writes into messages: flags, numbers, lengths. They change with every look of a mail client and
 * were not part of the message as it was received.
 */
const bookkeeping = new Set([
  'content-length',
  'status',
  'x-imap',
  'x-imapbase',
  'x-keywords',
  'x-mozilla-keys',
  'x-mozilla-status',
  'x-mozilla-status2',
  'x-status',
  'x-uid',
]);

/** Letters of Status and X-Status as IMAP flags. */
const flagOf: ReadonlyMap<string, string> = new Map([
  ['A', '\\Answered'],
  ['D', '\\Deleted'],
  ['F', '\\Flagged'],
  ['R', '\\Seen'],
  ['T', '\\Draft'],
]);

/** Bits of X-Mozilla-Status (Thunderbird). */
const mozillaFlags: readonly (readonly [bit: number, flag: string])[] = [
  [0x0001, '\\Seen'],
  [0x0002, '\\Answered'],
  [0x0004, '\\Flagged'],
  [0x0008, '\\Deleted'],
];

export interface MboxHeader {
  /** The header block as it was received: without the fields that belong to the file. */
  readonly bytes: Buffer;
  /** Bytes of the body, as the file says; undefined when it does not, or not once. */
  readonly contentLength: number | undefined;
  readonly flags: readonly string[];
  /** Not a message: where IMAP servers of the University of Washington's line, and Dovecot, keep what concerns the folder. */
  readonly folderData: boolean;
}

const newline = 0x0a;
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x09;

/** Splits a header block, its blank line included, into what is the message's and what is the file's. */
export function readMboxHeader(block: Buffer): MboxHeader {
  const kept: Buffer[] = [];
  const flags = new Set<string>();
  const lengths: string[] = [];
  let folderData = false;
  for (let at = 0; at < block.length; ) {
    let end = at;
    // A field ends before the first line that does not begin with white space.
    do {
      const next = block.indexOf(newline, end);
      end = next < 0 ? block.length : next + 1;
    } while (end < block.length && isBlank(block[end]) && block[at] !== newline && block[at] !== 0x0d);
    const field = block.subarray(at, end);
    at = end;
    const colon = field.indexOf(0x3a);
    const name = colon < 0 || colon > 32 ? '' : field.toString('latin1', 0, colon).trimEnd().toLowerCase();
    if (!bookkeeping.has(name)) {
      kept.push(field);
      continue;
    }
    const value = field.toString('latin1', colon + 1).trim();
    if (name === 'content-length') lengths.push(value);
    if (name === 'x-imap') folderData = true;
    for (const flag of flagsOf(name, value)) flags.add(flag);
  }
  const [length, ...others] = lengths;
  const known = length !== undefined && others.length === 0 && /^\d{1,15}$/.test(length);
  return {
    bytes: kept.length === 1 ? kept[0]! : Buffer.concat(kept),
    contentLength: known ? Number(length) : undefined,
    flags: [...flags].sort(),
    folderData,
  };
}

function flagsOf(name: string, value: string): readonly string[] {
  if (name === 'status' || name === 'x-status') return [...value].flatMap((letter) => flagOf.get(letter) ?? []);
  if (name !== 'x-mozilla-status') return [];
  const bits = Number.parseInt(value, 16);
  return mozillaFlags.flatMap(([bit, flag]) => ((bits & bit) === 0 ? [] : [flag]));
}
