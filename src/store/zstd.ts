import { promisify } from 'node:util';
import { zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';

const compressAside = promisify(zstdCompress);
const decompressAside = promisify(zstdDecompress);

/** Bytes up to which the way to another thread and back costs more than the work (measured: 200 µs for 35). */
const small = 128 * 2 ** 10;

/** Mail as it is kept; large mail is compressed on another thread. */
export const compressMail = async (raw: Buffer): Promise<Buffer> =>
  raw.length <= small ? zstdCompressSync(raw) : compressAside(raw);

/** Mail that `compressMail` has compressed. */
export const decompressMail = async (zstd: Buffer): Promise<Buffer> =>
  zstd.length <= small / 8 ? zstdDecompressSync(zstd) : decompressAside(zstd);
