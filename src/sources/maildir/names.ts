import { isUtf8 } from 'node:buffer';

/** Letters after `:2,` in a file's name (https://cr.yp.to/proto/maildir.html) as IMAP flags. */
const flagOf: ReadonlyMap<string, string> = new Map([
  ['D', '\\Draft'],
  ['F', '\\Flagged'],
  ['P', '$Forwarded'],
  ['R', '\\Answered'],
  ['S', '\\Seen'],
  ['T', '\\Deleted'],
]);

/** IMAP flags of a message file. */
export function flagsOf(name: Buffer): string[] {
  const at = name.lastIndexOf(':2,');
  if (at < 0) return [];
  return [...name.toString('latin1', at + 3)].flatMap((letter) => flagOf.get(letter) ?? []);
}

/**
 * What identifies a message file whatever its flags: its name before `:`. A name that is not UTF-8 becomes `hex:…`, which no name can be.
 */
export function keyOf(name: Buffer): string {
  const colon = name.indexOf(':');
  const base = colon < 0 ? name : name.subarray(0, colon);
  return isUtf8(base) ? base.toString() : `hex:${base.toString('hex')}`;
}

/** Modified UTF-7 (RFC 3501 §5.1.3) decoded; what is not well-formed stays as it is. */
function decodeMutf7(text: string): string {
  return text.replace(/&([A-Za-z0-9+,]*)-/g, (whole, base64: string) => {
    if (base64 === '') return '&';
    const bytes = Buffer.from(base64.replaceAll(',', '/'), 'base64');
    return bytes.length >= 2 && bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : whole;
  });
}

/** A Maildir++ directory (`.Archive.2026`) as a folder name (`Archive/2026`); undefined when it is none. */
export function folderOf(directory: Buffer): string | undefined {
  const text = directory.toString();
  if (!/^\.[^.]/.test(text)) return undefined;
  return text.slice(1).split('.').map(decodeMutf7).join('/');
}
