/** Bytes from 0x80 stand in text as characters of this private block: what a server calls a folder need not be UTF-8. */
const block = 0xf700;

/** Bytes of a line as they are handed on: each from 0x80 becomes the UTF-8 of its character in the block. */
export function shieldBytes(line: Buffer): Buffer {
  let high = 0;
  for (const byte of line) if (byte >= 0x80) high += 1;
  if (high === 0) return line;
  const shielded = Buffer.alloc(line.length + 2 * high);
  let at = 0;
  for (const byte of line)
    if (byte < 0x80) shielded[at++] = byte;
    else at += shielded.write(String.fromCharCode(block + byte), at, 'utf8');
  return shielded;
}

/** The bytes that were shielded, for what is sent. */
export function unshieldBytes(bytes: Buffer): Buffer {
  if (!bytes.includes(0xef)) return bytes;
  // latin1 on both sides: three bytes of UTF-8 become the one that they stand for.
  const text = bytes
    .toString('latin1')
    .replace(/\xef([\x9e\x9f])([\x80-\xbf])/g, (_, high: string, low: string) =>
      String.fromCharCode(((high.charCodeAt(0) & 0x3) << 6) | (low.charCodeAt(0) & 0x3f)),
    );
  return Buffer.from(text, 'latin1');
}

const escaped = (text: string): string =>
  text.replace(/[\uf780-\uf7ff]/g, (c) => `%${(c.charCodeAt(0) - block).toString(16).toUpperCase()}`);

/** Text of shielded bytes: UTF-8 where they are, else `%E9` for each. */
const readable = (text: string): string =>
  text.replace(/[\uf780-\uf7ff]+/g, (run) => {
    const bytes = Buffer.from(run, 'utf16le').filter((_, i) => i % 2 === 0);
    const decoded = Buffer.from(bytes).toString('utf8');
    return Buffer.from(decoded, 'utf8').equals(bytes) ? decoded : escaped(run);
  });

const encode = (text: string): string =>
  text.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const utf16 = Buffer.from(run, 'utf16le').swap16();
    return `&${utf16.toString('base64').replace(/=+$/, '').replaceAll('/', ',')}-`;
  });

/**
 * What a folder is called, from its name on the wire: modified UTF-7 (RFC 3501 §5.1.3) where it is that, else as it stands. Lone
 * surrogates cannot be stored as text and are left encoded.
 */
function decode(wire: string): string {
  if (!wire.includes('&') || /[^\x20-\x7e]/.test(wire)) return wire;
  const decoded = wire.replace(/&([^-]*)-/g, (_, coded: string) => {
    if (coded === '') return '&';
    const utf16 = Buffer.from(coded.replaceAll(',', '/'), 'base64');
    return utf16
      .subarray(0, utf16.length & ~1)
      .swap16()
      .toString('utf16le');
  });
  return decoded.isWellFormed() && encode(decoded) === wire ? decoded : wire;
}

/** Paths on the wire by what the folders are called; of two that would be called alike, one is called as it stands. */
export function pathsByName(
  folders: readonly { readonly path: string; readonly delimiter?: string | undefined }[],
): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  // What is encoded comes before bytes that are shielded, whatever order the server has.
  for (const { path, delimiter } of [...folders].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const name = folderName(path, delimiter);
    paths.set(paths.has(name) ? escaped(path) : name, path);
  }
  return paths;
}

/** A folder's name with `/` between levels, from its (shielded) path on the wire. A `/` within a level becomes `%2F`. */
export function folderName(path: string, delimiter: string | undefined): string {
  if (path.toUpperCase() === 'INBOX') return 'INBOX';
  const name = decode(readable(path));
  if (!delimiter || delimiter === '/') return name;
  return name
    .split(delimiter)
    .map((level) => level.replaceAll('/', '%2F'))
    .join('/');
}
