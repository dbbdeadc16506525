import zlib from 'node:zlib';

export interface ZipFile {
  readonly name: string;
  readonly content: Buffer;
  readonly stored?: boolean;
  readonly flags?: number;
  readonly method?: number;
  readonly crc32?: number;
  readonly size?: number;
  /** Name in the local header; that of the directory when absent. */
  readonly localName?: string;
  /** Data of the file before this one, again. */
  readonly overlaps?: boolean;
}

/** A ZIP archive as its specification says, or not. */
export function zip(files: readonly ZipFile[], comment = ''): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  let last = 0;
  for (const file of files) {
    const packed = file.stored ? file.content : zlib.deflateRawSync(file.content);
    const fixed = Buffer.alloc(26);
    fixed.writeUInt16LE(20, 0);
    fixed.writeUInt16LE(file.flags ?? 0, 2);
    fixed.writeUInt16LE(file.method ?? (file.stored ? 0 : 8), 4);
    fixed.writeUInt32LE(file.crc32 ?? zlib.crc32(file.content), 10);
    fixed.writeUInt32LE(packed.length, 14);
    fixed.writeUInt32LE(file.size ?? file.content.length, 18);
    fixed.writeUInt16LE(Buffer.byteLength(file.localName ?? file.name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fixed, Buffer.from(file.localName ?? file.name), packed]);
    const entry = Buffer.alloc(46);
    entry.write('PK\x01\x02');
    fixed.copy(entry, 6, 0, 22);
    entry.writeUInt16LE(Buffer.byteLength(file.name), 28);
    entry.writeUInt32LE(file.overlaps ? last : offset, 42);
    directory.push(entry, Buffer.from(file.name));
    if (file.overlaps) continue;
    last = offset;
    offset += local.length;
    locals.push(local);
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...locals, central, end, Buffer.from(comment)]);
}

/** A gzip file with all optional parts of its header (RFC 1952 §2.3). */
export function gzipWithHeader(content: Buffer): Buffer {
  const plain = zlib.gzipSync(content);
  plain[3] = 2 + 4 + 8 + 16;
  const extra = Buffer.from('\x03\x00abcname\0comment\0\x00\x00', 'latin1');
  return Buffer.concat([plain.subarray(0, 10), extra, plain.subarray(10)]);
}
