import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { constants, crc32, zstdCompress, zstdDecompress } from 'node:zlib';

/*
 * A segment, all numbers little-endian:
 *
 *   "MMSEG1\n\0"
 *   frames   "MMf1" · u8 cipher (0: none) · u8 compression (1: zstd) · u16 0 · u32 key (0: none) · u32 bytes of the payload
 *            · u64 bytes of the message · 12 bytes nonce · 16 bytes tag · 32 bytes SHA-256 of the message · payload
 *   index    "MMix" · u32 count · for each frame: 32 bytes SHA-256 · u64 position · u64 length with its header
 *   trailer  u64 position of the index · u32 CRC-32 of the index · u32 0 · "MMEND1\n\0"
 *
 * Nonce, tag and key are zero while nothing is encrypted: a frame can be encrypted under a key of its own, and erased by forgetting the key, without
 * another format. With the index alone the mail of a lost database can be found again.
 */
const magic = Buffer.from('MMSEG1\n\0', 'latin1');
const frameMagic = Buffer.from('MMf1', 'latin1');
const indexMagic = Buffer.from('MMix', 'latin1');
const endMagic = Buffer.from('MMEND1\n\0', 'latin1');
const headerLength = 84;
const entryLength = 48;
const trailerLength = 24;

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);
/** Fast, and within a few percent of what higher levels make of mail. */
const level = { params: { [constants.ZSTD_c_compressionLevel]: 3 } };

/** Where a message is in a segment. */
export interface FramePlace {
  /** Hex. */
  readonly sha256: string;
  /** Of its header. */
  readonly position: number;
  /** Header and payload. */
  readonly length: number;
}

export interface Segment {
  readonly bytes: Buffer;
  readonly frames: readonly FramePlace[];
}

/** A frame as it stands in a segment. */
export async function encodeFrame(sha256: string, raw: Buffer): Promise<Buffer> {
  const payload = await compress(raw, level);
  const header = Buffer.alloc(headerLength);
  frameMagic.copy(header, 0);
  header.writeUInt8(1, 5);
  header.writeUInt32LE(payload.length, 12);
  header.writeBigUInt64LE(BigInt(raw.length), 16);
  Buffer.from(sha256, 'hex').copy(header, 52);
  return Buffer.concat([header, payload]);
}

/** A segment of these frames, in their order. */
export function encodeSegment(frames: readonly Buffer[]): Segment {
  const places: FramePlace[] = [];
  let position = magic.length;
  const index = Buffer.alloc(8 + frames.length * entryLength);
  indexMagic.copy(index, 0);
  index.writeUInt32LE(frames.length, 4);
  for (const [i, frame] of frames.entries()) {
    const at = 8 + i * entryLength;
    frame.copy(index, at, 52, 84);
    index.writeBigUInt64LE(BigInt(position), at + 32);
    index.writeBigUInt64LE(BigInt(frame.length), at + 40);
    places.push({ sha256: frame.toString('hex', 52, 84), position, length: frame.length });
    position += frame.length;
  }
  const trailer = Buffer.alloc(trailerLength);
  trailer.writeBigUInt64LE(BigInt(position), 0);
  trailer.writeUInt32LE(crc32(index), 8);
  endMagic.copy(trailer, 16);
  return { bytes: Buffer.concat([magic, ...frames, index, trailer]), frames: places };
}

/** What is wrong with bytes that should be a segment or a frame. */
export class SegmentError extends Error {
  override readonly name = 'SegmentError';
}

/** The message in a frame, checked against its hash. Throws SegmentError. */
export async function decodeFrame(frame: Buffer, sha256: string): Promise<Buffer> {
  if (frame.length < headerLength || !frame.subarray(0, 4).equals(frameMagic))
    throw new SegmentError('no frame begins there');
  const [cipher, compression] = [frame.readUInt8(4), frame.readUInt8(5)];
  if (cipher !== 0 || compression !== 1) throw new SegmentError('the frame is of a newer version');
  const length = frame.readUInt32LE(12);
  if (frame.length < headerLength + length) throw new SegmentError('the frame is cut short');
  let raw: Buffer;
  try {
    const maxOutputLength = Math.max(1, Number(frame.readBigUInt64LE(16)));
    raw = await decompress(frame.subarray(headerLength, headerLength + length), { maxOutputLength });
  } catch (error) {
    throw new SegmentError('the frame does not decompress', { cause: error });
  }
  if (createHash('sha256').update(raw).digest('hex') !== sha256) throw new SegmentError('the bytes are others');
  return raw;
}

/** The frames of a whole segment, by its own index. Throws SegmentError. */
export function readIndex(bytes: Buffer): readonly FramePlace[] {
  const end = bytes.length - trailerLength;
  if (end < magic.length || !bytes.subarray(0, magic.length).equals(magic))
    throw new SegmentError('no segment begins there');
  if (!bytes.subarray(end + 16).equals(endMagic)) throw new SegmentError('the segment is cut short');
  const at = Number(bytes.readBigUInt64LE(end));
  const index = at >= magic.length && at + 8 <= end ? bytes.subarray(at, end) : Buffer.alloc(0);
  if (index.length < 8 || crc32(index) !== bytes.readUInt32LE(end + 8)) throw new SegmentError('the index is damaged');
  return Array.from({ length: index.readUInt32LE(4) }, (_, i) => {
    const entry = 8 + i * entryLength;
    return {
      sha256: index.toString('hex', entry, entry + 32),
      position: Number(index.readBigUInt64LE(entry + 32)),
      length: Number(index.readBigUInt64LE(entry + 40)),
    };
  });
}
