/** Where the segments of an archive are. Names are made of letters, digits, `-`, `.` and `/`. Every method throws `MailmillError`s. */
export interface SegmentStorage {
  /** Returns once the bytes are durable. A name is written once. */
  write(name: string, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Bytes of a segment; fewer at its end; undefined when it is not there. */
  read(name: string, position: number, length: number, signal: AbortSignal): Promise<Buffer | undefined>;
  /** The whole segment; undefined when it is not there. */
  readAll(name: string, signal: AbortSignal): Promise<Buffer | undefined>;
  /** One that is not there is no error. */
  remove(name: string, signal: AbortSignal): Promise<void>;
  /** Names of everything that is there. */
  list(signal: AbortSignal): AsyncIterable<string>;
}
