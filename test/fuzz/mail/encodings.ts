import type { Random } from '../random.ts';

const lines = (text: string, width: number): string => text.replace(new RegExp(`.{${width}}`, 'g'), '$&\r\n');

/** Base64 in lines (RFC 2045 §6.8). */
export const toBase64 = (random: Random, bytes: Buffer): Buffer => {
  const text = lines(bytes.toString('base64'), random.pick([76, 72, 60, 64, 4]));
  return Buffer.from(random.once(2) || text === '' ? text : `${text.replace(/\r\n$/, '')}\r\n`, 'latin1');
};

/**
 * Quoted-printable (RFC 2045 §6.7).
 *
 * @param text newlines are line breaks of the text; else they are data and are encoded.
 */
export function toQuotedPrintable(random: Random, bytes: Buffer, text: boolean): Buffer {
  const lower = random.once(6);
  const width = random.pick([72, 20, 40]);
  const out: string[] = [];
  let line = '';
  const end = (how: string) => {
    // A blank at the end of a line would be lost.
    const last = line.at(-1);
    if (last === ' ' || last === '\t') line = `${line.slice(0, -1)}${last === ' ' ? '=20' : '=09'}`;
    out.push(line + how);
    line = '';
  };
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (text && byte === 0x0d && bytes[i + 1] === 0x0a) {
      end('\r\n');
      i++;
      continue;
    }
    const literal = byte === 0x20 || byte === 0x09 || (byte > 0x20 && byte < 0x7f && byte !== 0x3d);
    const digits = byte.toString(16).padStart(2, '0');
    line += literal ? String.fromCharCode(byte) : `=${lower ? digits : digits.toUpperCase()}`;
    if (line.length >= width) {
      out.push(`${line}=\r\n`);
      line = '';
    }
  }
  end('');
  return Buffer.from(out.join(''), 'latin1');
}
