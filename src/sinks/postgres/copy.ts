import type pg from 'pg';
import { BinaryWriter } from '../../store/wire/binary-writer.ts';

/** Bytes before the payload of a message: its type and its length. */
const messageHead = 5;
const signature = 'PGCOPY\n\xff\r\n\0';

/** CopyData messages are this long, about: they go to the server while those behind are encoded. */
const pieceBytes = 2 ** 17;
/** Behind that is room for one more row, so that memory need not grow; what has grown beyond the most is not used again. */
const roomBytes = 2 ** 16;
const mostBytes = 4 * pieceBytes;
/** What is kept of memory that is free, unless more is said: as much as one COPY takes. */
const sparePieces = 32;

/** One CopyData message in the making. */
export class CopyPiece {
  /** Takes the number of columns of each row, and its fields. */
  readonly fields = new BinaryWriter(pieceBytes + roomBytes, messageHead);

  /** Whether it is time to send it. */
  get full(): boolean {
    return this.fields.length >= pieceBytes;
  }

  /** Writes what comes before the first row. */
  begin(): void {
    for (let i = 0; i < signature.length; i++) this.fields.rawByte(signature.charCodeAt(i));
    this.fields.rawInt32(0); // flags
    this.fields.rawInt32(0); // bytes of a longer head
  }

  /** The message; valid until the next write. */
  finish(): Buffer {
    const message = this.fields.bytes();
    message[0] = 0x64; // CopyData
    message.writeInt32BE(message.length - 1, 1);
    return message;
  }
}

/** Memory for messages. What was sent is used again: fresh memory costs as much as what is written to it. */
export class CopyPieces {
  readonly #spare: CopyPiece[] = [];
  readonly #most: number;

  /** @param most pieces that are kept. */
  constructor(most = sparePieces) {
    this.#most = most;
  }

  take(): CopyPiece {
    return this.#spare.pop() ?? new CopyPiece();
  }

  give(piece: CopyPiece): void {
    if (this.#spare.length >= this.#most || piece.fields.capacity > mostBytes) {
      piece.fields.free();
      return;
    }
    piece.fields.clear();
    this.#spare.push(piece);
  }
}

const copyDone = Buffer.from([0x63, 0, 0, 0, 4]);
/** CopyFail with an empty reason. */
const copyFail = Buffer.from([0x66, 0, 0, 0, 5, 0]);

/** Data of one COPY. */
export interface CopyData<T extends { finish(): Buffer } = CopyPiece> {
  /** Encoded as they are taken. */
  readonly pieces: Iterable<T>;
  /** Told when a piece may be written over. */
  readonly sent: (piece: T) => void;
}

/** A query of the driver that sends data when the server asks for it; the driver calls these methods. */
class CopyIn<T extends { finish(): Buffer }> {
  callback: (error: unknown, rows?: number) => void;
  readonly #text: string;
  readonly #pieces: Iterable<T>;
  readonly #sent: (piece: T) => void;
  #rows = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(text: string, { pieces, sent }: CopyData<T>, callback: (error: unknown, rows?: number) => void) {
    this.#text = text;
    this.#pieces = pieces;
    this.#sent = sent;
    this.callback = callback;
  }

  submit(wire: pg.Connection): void {
    wire.query(this.#text);
  }

  handleCopyInResponse(wire: pg.Connection): void {
    try {
      // One write each: the server takes the first while the next are encoded.
      for (const piece of this.#pieces) wire.stream.write(piece.finish(), () => this.#sent(piece));
      wire.stream.write(copyDone);
    } catch (error) {
      this.#failure = { error };
      wire.stream.write(copyFail);
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const copied = /^COPY (\d+)$/.exec(text);
    if (copied) this.#rows = Number(copied[1]);
  }

  handleReadyForQuery(): void {
    this.callback(undefined, this.#rows);
  }

  handleError(error: unknown): void {
    const { callback } = this;
    this.callback = () => undefined;
    callback(this.#failure ? this.#failure.error : error);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
  handleCopyData(): void {}
}

/**
 * Runs statements of which one is a COPY … FROM STDIN (FORMAT binary), and feeds it. Returns how many rows were copied; of the
 * connection it throws what the driver throws, and what the pieces throw.
 */
export function copyIn<T extends { finish(): Buffer }>(
  client: pg.ClientBase,
  text: string,
  data: CopyData<T>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    client.query(new CopyIn(text, data, (error, rows) => (error === undefined ? resolve(rows ?? 0) : reject(error))));
  });
}
