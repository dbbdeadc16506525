import {
  archiveBytesNames,
  insertArchiveBytes,
  readArchiveBytes,
  removeArchiveBytes,
} from '../../store/archive-bytes.ts';
import type { Database } from '../../store/database.ts';
import { throwIfAborted } from '../abort.ts';
import type { SegmentStorage } from './storage.ts';

/** Segments as rows of the store. */
export class PostgresStorage implements SegmentStorage {
  readonly #database: Database;
  readonly #archiveId: bigint;

  constructor(database: Database, archiveId: bigint) {
    this.#database = database;
    this.#archiveId = archiveId;
  }

  async write(name: string, bytes: Buffer, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await insertArchiveBytes(this.#database, this.#archiveId, name, bytes);
  }

  async read(name: string, position: number, length: number, signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    return readArchiveBytes(this.#database, this.#archiveId, name, position, length);
  }

  async readAll(name: string, signal: AbortSignal): Promise<Buffer | undefined> {
    throwIfAborted(signal);
    return readArchiveBytes(this.#database, this.#archiveId, name);
  }

  async remove(name: string, signal: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    await removeArchiveBytes(this.#database, this.#archiveId, name);
  }

  async *list(signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    throwIfAborted(signal);
    yield* await archiveBytesNames(this.#database, this.#archiveId);
  }
}
