import { promisify } from 'node:util';
import { constants, zstdCompress, zstdCompressSync, zstdDecompress, zstdDecompressSync } from 'node:zlib';
import { type Document, onDemand } from '../../message/fields.ts';
import { ValueError, writeJson } from '../../sinks/postgres/json.ts';
import { BinaryWriter } from '../../store/wire/binary-writer.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

/** Beyond, another thread does it: what is small is done before it would have been handed over. */
const inlineBytes = 64 * 1024;
const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

/** Bytes as the store keeps them. */
export const packed = (bytes: Uint8Array): Promise<Buffer> | Buffer =>
  bytes.length <= inlineBytes ? zstdCompressSync(bytes, options) : compress(bytes, options);

/** @param size of the message, about. */
export const unpacked = (bytes: Buffer, size: number): Promise<Buffer> | Buffer =>
  size <= inlineBytes ? zstdDecompressSync(bytes) : decompress(bytes);

/** What a document says about itself beside its fields. */
export interface DocumentFacts {
  readonly id: string;
  readonly edition: number;
  readonly namespace: string;
  readonly pipeline: string;
  readonly source: string;
  /** When the document was made. */
  readonly timestamp: Date;
  /** Default: a document made of a message. */
  readonly type?: 'mailmill.change';
}

/**
 * A document as sinks in JSON mode are sent it, in the form that Standard Webhooks recommends: type, timestamp, data. Fields on demand are left out,
 * as they are of a table without `columns`. Dates are RFC 3339, integers beyond 2^53 are numbers all the same.
 *
 * @throws {ValueError} when a value is no data.
 */
export function documentJson(document: Document, facts: DocumentFacts, writer = new BinaryWriter(8192)): Buffer {
  const { id, edition, namespace, pipeline, source, timestamp, type = 'mailmill.document' } = facts;
  writer.clear();
  const fields = Object.fromEntries(Object.entries(document).filter(([name]) => !onDemand.has(name)));
  const data = { id, edition, namespace, pipeline, source, document: fields };
  writeJson(writer, { type, timestamp, data });
  return writer.bytes();
}

export { ValueError };
