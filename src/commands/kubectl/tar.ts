const block = 512;
/** What the fields of a header of this format hold at most (POSIX.1-1988 ustar). */
const nameBytes = 100;

export interface TarFile {
  /** With `/` between folders. */
  readonly name: string;
  readonly content: Buffer;
  /** Epoch seconds. */
  readonly modifiedAt: number;
}

/** What ends an archive: two empty blocks. */
export const tarEnd = (): Buffer => Buffer.alloc(2 * block);

/** One file of a tar archive (ustar; a name of more than 100 bytes stands in a pax header before it), readable by its owner alone. */
export function tarFile({ name, content, modifiedAt }: TarFile): Buffer {
  const encoded = Buffer.from(name);
  if (encoded.length <= nameBytes) return entry(encoded, '0', content, modifiedAt);
  const pax = Buffer.from(paxRecord('path', name));
  return Buffer.concat([
    entry(Buffer.from('name'), 'x', pax, modifiedAt),
    entry(encoded.subarray(0, nameBytes), '0', content, modifiedAt),
  ]);
}

function entry(name: Buffer, type: '0' | 'x', content: Buffer, modifiedAt: number): Buffer {
  const header = Buffer.alloc(block);
  const number = (value: number, at: number, size: number) =>
    header.write(`${value.toString(8).padStart(size - 1, '0')}\0`, at, 'latin1');
  name.copy(header, 0);
  number(0o600, 100, 8);
  number(0, 108, 8); // user
  number(0, 116, 8); // group
  number(content.length, 124, 12);
  number(Math.floor(modifiedAt), 136, 12);
  header.write('        ', 148, 'latin1'); // the checksum counts itself as blanks
  header.write(type, 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, content, Buffer.alloc((block - (content.length % block)) % block)]);
}

/** `LENGTH KEY=VALUE\n`, the length counting itself (POSIX.1-2001 pax). */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}
