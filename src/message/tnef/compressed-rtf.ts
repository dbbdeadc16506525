/** What the dictionary holds before the first byte (MS-OXRTFCP §2.1.2.1). */
const initial = Buffer.from(
  '{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArial' +
    'Times New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx',
  'latin1',
);
const dictionarySize = 4_096;
const headerSize = 16;
/** `LZFu` and `MELA` (MS-OXRTFCP §2.1.3.1.1). */
const compressed = 0x75465a4c;
const uncompressed = 0x414c454d;
/** Most bytes that two bytes become: a control bit and a reference of 17 bytes. */
const maxRatio = 9;
/** Most bytes of a body in RTF. */
const maxRtf = 16 * 2 ** 20;

/**
 * RTF from `PidTagRtfCompressed` (MS-OXRTFCP); null when it is none. What breaks off gives what came before. The result is at
 * most the size that the header says, nine times the input and 16 MiB.
 */
export function decompressRtf(bytes: Buffer): Buffer | null {
  if (bytes.length < headerSize) return null;
  const rawSize = bytes.readUInt32LE(4);
  const type = bytes.readUInt32LE(8);
  if (type === uncompressed) return bytes.subarray(headerSize, headerSize + Math.min(rawSize, maxRtf));
  if (type !== compressed) return null;
  const out = Buffer.alloc(Math.min(rawSize, bytes.length * maxRatio, maxRtf));
  const dictionary = Buffer.alloc(dictionarySize);
  initial.copy(dictionary);
  let write = initial.length;
  let length = 0;
  const put = (byte: number) => {
    if (length < out.length) out[length++] = byte;
    dictionary[write] = byte;
    write = (write + 1) % dictionarySize;
  };
  let position = headerSize;
  while (position < bytes.length && length < out.length) {
    const control = bytes[position++] ?? 0;
    for (let bit = 0; bit < 8 && position < bytes.length; bit++) {
      if (((control >> bit) & 1) === 0) put(bytes[position++] ?? 0);
      else {
        if (position + 2 > bytes.length) return out.subarray(0, length);
        const reference = bytes.readUInt16BE(position);
        position += 2;
        const offset = reference >> 4;
        if (offset === write) return out.subarray(0, length);
        for (let i = 0; i < (reference & 0x0f) + 2; i++) put(dictionary[(offset + i) % dictionarySize] ?? 0);
      }
    }
  }
  return out.subarray(0, length);
}
