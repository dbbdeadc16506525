/** Bytes of a header that `fetchHeader` gives at most. */
export const headerBytes = 262_144;

/** The header block with its blank line; all of it when there is no body. */
export function headerOf(bytes: Buffer): Buffer {
  const ends = ['\r\n\r\n', '\n\n'].flatMap((blank) => {
    const at = bytes.indexOf(blank);
    return at < 0 ? [] : [at + blank.length];
  });
  return ends.length === 0 ? bytes : bytes.subarray(0, Math.min(...ends));
}
